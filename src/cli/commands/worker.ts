import { Option } from 'commander';
import type { CliCommand } from '../command.js';
import type { Session } from '../session.js';
import type { Shell } from '../shell.js';
import { environmentOf, noteWhere, type TemporalFlags } from '../temporal.js';

const LOG_LEVELS = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;

interface WorkerFlags extends TemporalFlags {
  readonly logLevel: keyof typeof LOG_LEVELS;
}

const DESCRIPTION = `Run a worker: it executes the workflows and activities of batch runs until SIGTERM or Ctrl-C.

Reads LLAMA_CLOUD_API_KEY, LLAMA_CLOUD_BASE_URL (default: https://api.cloud.llamaindex.ai), LLAMACLOUD_OUTPUT (a folder, default: ./out) and LLAMACLOUD_REQUESTS_PER_SECOND (of all workers together, default: no limit) from the environment. When it is told to stop, what is under way gets 20 seconds to end.`;

export function addWorker(program: CliCommand, { session, outcome }: Shell): void {
  program
    .command('worker')
    .summary('run a worker until SIGTERM')
    .description(DESCRIPTION)
    .addOption(
      new Option('--log-level <level>', 'what is logged on stderr').choices(Object.keys(LOG_LEVELS)).default('warn'),
    )
    .action(async (_flags: object, command: CliCommand) => {
      outcome.exitCode = await work(session, command.optsWithGlobals<WorkerFlags>());
    })
    .examples(
      'LLAMA_CLOUD_API_KEY=llx-... temporal-llamacloud worker',
      'temporal-llamacloud worker --address temporal.example.com:7233 --namespace documents --task-queue parsing',
    );
}

async function work(session: Session, flags: WorkerFlags): Promise<number> {
  const { interrupt } = session;
  const { workerConfigFromEnv } = await import('../../config.js');
  const config = workerConfigFromEnv(environmentOf(flags));
  const address = noteWhere(session, config.temporal);
  interrupt.listen(() => session.warn('Stopping…'));
  const { installRuntime } = await import('../runtime.js');
  const { startWorker } = await import('../../worker.js');
  installRuntime(LOG_LEVELS[flags.logLevel]);
  const starting = startWorker(config);
  const worker = await interrupt.race(starting).catch(async (error: unknown) => {
    // Told to stop before it was there.
    if (interrupt.signal.aborted) return starting.then((started) => started.stop()).then(() => undefined);
    throw error;
  });
  if (worker === undefined) return 0;
  const { namespace, taskQueue } = config.temporal;
  session.say(
    `Polling task queue ${taskQueue} in namespace ${namespace} of ${address}. Documents go to ${config.output}`,
  );
  session.answer({ polling: true, address, namespace, taskQueue, output: config.output });
  await Promise.race([interrupt.wait(), worker.stopped]);
  await worker.stop();
  return 0;
}
