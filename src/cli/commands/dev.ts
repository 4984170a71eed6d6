import { Option } from 'commander';
import { JOB_TYPES } from '../../protocol/index.js';
import { CleanupStack } from '../cleanup-stack.js';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { checkDevInput, type DevFlags } from '../dev/input.js';
import { UsageError } from '../errors.js';
import { JOB_DESCRIPTION } from '../options/batch-options.js';
import { nonEmpty } from '../options/parsers.js';
import { hasTemporalFlags, type TemporalFlags } from '../temporal.js';
import { formatCount, toPrintable } from '../text.js';

const DESCRIPTION = `Process a folder of files on this machine. Nothing is sent to LlamaCloud, and no account or key is needed.

Starts a local Temporal server with its Web UI, an emulator of LlamaCloud over the folder, and a worker. Processes every file of the folder and its sub-folders in one run, and prints the report and where the documents are. Left out: hidden files, linked folders, pipes and devices. Runs the temporal executable at TEMPORAL_CLI_PATH or on PATH; downloads one if there is none.

The emulator parses PDF, Markdown and text files; any other file fails. In a terminal, the command keeps running until Ctrl-C, so that you can look at the run in the Temporal UI. Without a terminal, or with --json, it ends with the run.`;

export function addDev(program: CliCommand, context: CommandContext): void {
  program
    .command('dev')
    .summary('process a local folder with a local Temporal server and an emulated LlamaCloud')
    .description(DESCRIPTION)
    .argument('[folder]', 'folder of files, 1,000 at most (default: examples that come with the package)')
    .option(
      '--output <location>',
      'write the documents to this folder, which must not be inside the input folder and is created if it does not exist; or to s3://bucket/prefix',
      nonEmpty,
      './out',
    )
    .addOption(new Option('--job <type>', JOB_DESCRIPTION).choices(JOB_TYPES).default('parse_v2'))
    .option(
      '--configuration <id>',
      'configuration of the job (default: cfg-PARSE_AGENTIC for parse_v2; for extract_v2 cfg-EXTRACT_AGENTIC, which only the emulator has)',
      nonEmpty,
    )
    .action(async (folder: string | undefined, flags: DevFlags) => {
      rejectTemporalFlags(program.opts<TemporalFlags>());
      context.exitCode = await dev(context, folder, flags);
    })
    .examples(
      'temporal-llamacloud dev',
      'temporal-llamacloud dev ./contracts --output ./out',
      'temporal-llamacloud dev ./invoices --job extract_v2 --json',
    );
}

function rejectTemporalFlags(flags: TemporalFlags): void {
  if (!hasTemporalFlags(flags)) return;
  throw new UsageError(
    'dev starts its own Temporal server: it takes no --address, --namespace or --task-queue',
    'To use an existing server: temporal-llamacloud worker, and temporal-llamacloud start',
  );
}

async function dev(context: CommandContext, folder: string | undefined, flags: DevFlags): Promise<number> {
  const { signals } = context;
  signals.listen();
  const input = await signals.race(checkDevInput(folder, flags));
  for (const warning of input.warnings) context.warn(warning);
  context.info(`${formatCount(input.fileCount, 'file')} in ${toPrintable(input.folder)}`);

  const cleanup = new CleanupStack();
  try {
    // Loaded here: the SDK takes about a second to load, and usage errors do not need it.
    const { startServices } = await import('../dev/services.js');
    const { runBatch } = await import('../dev/run-batch.js');
    const { printResult, toJson } = await import('../dev/print-result.js');
    const services = await startServices(context, input, cleanup);
    context.info(`Processing with ${input.job.type}, ${input.job.configurationId}`);
    const result = await runBatch(context, input, services);
    await printResult(context, result, input.outputs);
    context.json(toJson(result));
    if (process.stdin.isTTY && !context.isJson) {
      context.info('\nTemporal keeps running until you press Ctrl-C.');
      await signals.waitForFirst();
      signals.abortSignal.throwIfAborted();
    } else if (!context.isJson) {
      context.info('\nTemporal ends with this command. In a terminal it keeps running until Ctrl-C.');
    }
    return result.failure === undefined ? 0 : 1;
  } finally {
    // Printed after the progress bar has ended its line. `\r` overwrites the ^C of the terminal.
    if (signals.abortSignal.aborted) context.info(context.infoStream.isTTY ? '\rStopping…' : 'Stopping…');
    await cleanup.run();
  }
}
