import { Option } from 'commander';
import { JOB_TYPES } from '../../protocol/index.js';
import { Closers } from '../closers.js';
import type { CliCommand } from '../command.js';
import { type DevFlags, planDev } from '../dev/plan.js';
import { UsageError } from '../errors.js';
import type { Session } from '../session.js';
import type { Shell } from '../shell.js';
import type { TemporalFlags } from '../temporal.js';
import { count, printable } from '../text.js';
import { nonEmpty } from '../values.js';

const DESCRIPTION = `Process a folder of documents on this machine, to see how it works. Nothing is sent to LlamaCloud.

Starts a local Temporal with its Web UI, an emulator of LlamaCloud over the folder, and a worker; processes every document through the processBatch workflow; prints the report and where the documents are. Sub-folders are included, hidden files are not.

In a terminal it stays up until Ctrl-C, so that you can look around in the Temporal UI; without one, or with --json, it ends with the run.`;

export function addDev(program: CliCommand, { session, outcome }: Shell): void {
  program
    .command('dev')
    .summary('try it: process a folder of documents with a local Temporal and an emulated LlamaCloud')
    .description(DESCRIPTION)
    .argument('[folder]', 'folder of documents, 1,000 at most (default: the examples)')
    .option('--output <folder>', 'where the documents go; made if it is not there', nonEmpty, './out')
    .addOption(new Option('--job <type>', 'what to do with each document').choices(JOB_TYPES).default('parse_v2'))
    .option(
      '--configuration <id>',
      'configuration or preset (default: cfg-PARSE_AGENTIC or cfg-EXTRACT_AGENTIC)',
      nonEmpty,
    )
    .action(async (folder: string | undefined, flags: DevFlags) => {
      rejectTemporalFlags(program.opts<TemporalFlags>());
      outcome.exitCode = await dev(session, folder, flags);
    })
    .examples(
      'temporal-llamacloud dev',
      'temporal-llamacloud dev ./contracts --output ./out',
      'temporal-llamacloud dev ./invoices --job extract_v2 --json',
    );
}

function rejectTemporalFlags({ address, namespace, taskQueue }: TemporalFlags): void {
  if (address === undefined && namespace === undefined && taskQueue === undefined) return;
  throw new UsageError(
    'dev starts a Temporal of its own, so --address, --namespace and --task-queue are not for it',
    'To use a Temporal that is there: temporal-llamacloud worker, and temporal-llamacloud start',
  );
}

async function dev(session: Session, folder: string | undefined, flags: DevFlags): Promise<number> {
  const { interrupt } = session;
  interrupt.listen();
  const plan = await interrupt.race(planDev(folder, flags));
  for (const note of plan.notes) session.warn(note);
  session.say(`${count(plan.documents, 'document')} in ${printable(plan.folder)}`);

  const closers = new Closers();
  try {
    // Loaded only now, since the SDK takes a second to load, and what was typed wrong can be told without it.
    const { startServices } = await import('../dev/services.js');
    const { answerOf, runBatch, tell } = await import('../dev/run.js');
    const services = await startServices(session, plan, closers);
    session.say(`Processing with ${plan.job.type}, ${plan.job.configurationId}`);
    const run = await runBatch(session, plan, services);
    await tell(session, run);
    session.answer(answerOf(run));
    if (process.stdin.isTTY && !session.json) {
      session.say(`\nTemporal stays up until you press Ctrl-C. Its UI: ${services.temporal.uiUrl}`);
      await interrupt.wait();
      interrupt.signal.throwIfAborted();
    } else if (!session.json) {
      session.say(
        '\nTemporal ends with this command. In a terminal it stays up, so that you can look at the run in its UI.',
      );
    }
    return run.failure === undefined ? 0 : 1;
  } finally {
    // Not before the progress bar has left its line. The terminal has written ^C there.
    if (interrupt.signal.aborted) session.say(session.stream.isTTY ? '\rStopping…' : 'Stopping…');
    await closers.close();
  }
}
