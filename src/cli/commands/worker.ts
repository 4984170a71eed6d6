import { Option } from 'commander';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { applyTemporalFlags, setTemporalTarget, type TemporalFlags } from '../temporal.js';

/** The SDK's names of the levels. */
const LOG_LEVELS = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;

/** The SDK warns of a network error when the namespace does not exist. The error of the worker says what is wrong. */
const NAMESPACE_WARNING = 'Network error while describing namespace';

interface WorkerFlags extends TemporalFlags {
  readonly logLevel: keyof typeof LOG_LEVELS;
}

const DESCRIPTION = `Run a worker: it executes the workflows and activities of runs until Ctrl-C or SIGTERM. Open activities then get 20 seconds to finish. A second Ctrl-C ends it immediately.`;

const ENVIRONMENT = `
Environment:
  LLAMA_CLOUD_API_KEY             API key of LlamaCloud, llx-... Required.
  LLAMA_CLOUD_BASE_URL            Default: https://api.cloud.llamaindex.ai
  LLAMACLOUD_OUTPUT               Folder for the documents, or s3://bucket/prefix,
                                  the same for all workers of a task queue.
                                  Default: ./out
  AWS_*                           Credentials, region and endpoint for s3://
  LLAMACLOUD_REQUESTS_PER_SECOND  Activities that all workers of the task queue
                                  together start in a second. Most send one
                                  request to LlamaCloud. Default: no limit
  LLAMACLOUD_WEBHOOK_URL          Public URL of temporal-llamacloud webhooks:
                                  LlamaCloud sends it the webhooks of new
                                  batches. Default: no webhooks
  LLAMACLOUD_WEBHOOK_SECRET       What LlamaCloud signs them with. Required with
                                  the URL. Of two, with a comma between them,
                                  the first`;

export function addWorker(program: CliCommand, context: CommandContext): void {
  program
    .command('worker')
    .summary('run a worker until Ctrl-C or SIGTERM')
    .description(DESCRIPTION)
    .addOption(
      new Option('--log-level <level>', 'log entries of this level and above to stderr')
        .choices(Object.keys(LOG_LEVELS))
        .default('warn'),
    )
    .action(async (_flags: object, command: CliCommand) => {
      await runWorker(context, command.optsWithGlobals<WorkerFlags>());
    })
    .addHelpText('after', ENVIRONMENT)
    .examples(
      'LLAMA_CLOUD_API_KEY=llx-... temporal-llamacloud worker',
      'temporal-llamacloud worker --address temporal.example.com:7233 --namespace documents --task-queue parsing',
    );
}

async function runWorker(context: CommandContext, flags: WorkerFlags): Promise<void> {
  const { signals } = context;
  const { workerConfigFromEnv } = await import('../../config.js');
  const config = workerConfigFromEnv(applyTemporalFlags(flags, context.env));
  const address = setTemporalTarget(context, config.temporal);
  signals.listen(() => context.warn('Stopping…'));
  const { installRuntime } = await import('../temporal-runtime.js');
  const { startWorker } = await import('../../worker.js');
  installRuntime(LOG_LEVELS[flags.logLevel], (message) => !message.startsWith(NAMESPACE_WARNING));
  const starting = startWorker(config);
  const worker = await signals.race(starting).catch(async (error: unknown) => {
    if (!signals.abortSignal.aborted) throw error;
    // A signal came before the worker had started.
    const started = await starting;
    await started.stop();
    return undefined;
  });
  if (worker === undefined) return;
  const { namespace, taskQueue } = config.temporal;
  context.info(
    `Polling task queue ${taskQueue} in namespace ${namespace} at ${address}. Documents go to ${config.output}`,
  );
  context.json({ polling: true, address, namespace, taskQueue, output: config.output });
  await Promise.race([signals.waitForFirst(), worker.stopped]);
  await worker.stop();
}
