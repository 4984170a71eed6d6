import { createHash } from 'node:crypto';
import { Option } from 'commander';
import {
  type BatchJob,
  DEFAULT_MAX_CONCURRENT_BATCHES,
  FAILED_FILES,
  type FailedFiles,
  GONE_FILES,
  type GoneFiles,
  JOB_TYPES,
  MAX_CONCURRENT_BATCHES_LIMIT,
  type Prices,
  type ProcessCorpusInput,
} from '../../protocol/index.js';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import { type BatchFlags, JOB_DESCRIPTION, toBatchOptions } from '../options/batch-options.js';
import { integer, nonEmpty, number } from '../options/parsers.js';
import { readPrices } from '../options/read-prices.js';
import type { AnyRun } from '../runs/run-types.js';
import { BUDGET_EXIT_CODE, waitForRun } from '../runs/wait-for-run.js';
import { applyTemporalFlags, type TemporalClients, type TemporalFlags, withTemporal } from '../temporal.js';
import { resolveUserLocation } from '../user-path.js';

interface ProcessFlags extends BatchFlags, TemporalFlags {
  readonly output: string;
  readonly failedFiles?: FailedFiles;
  readonly goneFiles?: GoneFiles;
  readonly maxConcurrentBatches?: number;
  readonly maxCredits?: number;
  readonly prices?: string;
  readonly estimate?: boolean;
}

const DESCRIPTION = `Process the files of a folder, or of s3://bucket/prefix, with LlamaCloud: uploads what has changed since the last time, parses or extracts it, and writes the documents and one manifest over all files to the output. What has not changed costs nothing.

This command is the worker of the run: it needs LLAMA_CLOUD_API_KEY and a Temporal server. If it ends before the run does, the run goes on when the same command is called again.

Prints how many files were processed, unchanged, failed and gone.

--estimate says what it would cost, and sends no file. It needs no Temporal server, and LLAMA_CLOUD_API_KEY only to read a saved configuration. With --max-credits, the exit code is ${BUDGET_EXIT_CODE} if files are left that might have passed them.`;

export function addProcess(program: CliCommand, context: CommandContext): void {
  program
    .command('process')
    .summary('process what has changed in a folder or a bucket')
    .description(DESCRIPTION)
    .argument('<source>', 'folder, or s3://bucket/prefix', nonEmpty)
    .requiredOption(
      '--output <location>',
      'write the documents and manifest.jsonl to this folder, which must not be inside the source; or to s3://bucket/prefix. It belongs to one source',
      nonEmpty,
    )
    .addOption(new Option('--job <type>', JOB_DESCRIPTION).choices(JOB_TYPES).makeOptionMandatory())
    .requiredOption('--configuration <id>', 'configuration of the job, such as cfg-PARSE_AGENTIC', nonEmpty)
    .addOption(
      new Option(
        '--failed-files <action>',
        'what to do with unchanged files that LlamaCloud could not process: retry them, or keep them as failed (default: retry)',
      ).choices(FAILED_FILES),
    )
    .addOption(
      new Option(
        '--gone-files <action>',
        'what to do with the documents of files that are no longer in the source: keep or remove them (default: keep)',
      ).choices(GONE_FILES),
    )
    .option(
      '--max-concurrent-batches <n>',
      `upload and process at most this many batches of 1,000 files at a time, 1 to ${MAX_CONCURRENT_BATCHES_LIMIT} (default: ${DEFAULT_MAX_CONCURRENT_BATCHES})`,
      integer(1, MAX_CONCURRENT_BATCHES_LIMIT),
    )
    .option('--estimate', 'only say how many files and pages would be processed, and what they would cost')
    .option(
      '--max-credits <n>',
      'create no batch that might pass this many credits; counts what was spent since the last call that left nothing (default: no limit)',
      number(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--prices <file>', 'go by the prices in this JSON file (default: those of this version)', nonEmpty)
    .option('--project <id>', 'LlamaCloud project (default: the project of the API key)', nonEmpty)
    .option('--organization <id>', 'LlamaCloud organization (default: the organization of the API key)', nonEmpty)
    .action(async (source: string, _flags: object, command: CliCommand) => {
      await processSource(context, source, command.optsWithGlobals<ProcessFlags>());
    })
    .examples(
      'temporal-llamacloud process ./contracts --output ./out --job parse_v2 --configuration cfg-PARSE_AGENTIC',
      'temporal-llamacloud process ./contracts --output ./out --job parse_v2 --configuration cfg-PARSE_AGENTIC --estimate',
      'temporal-llamacloud process s3://my-bucket/inbox --output s3://my-bucket/parsed --job parse_v2 --configuration cfg-...',
    );
}

async function processSource(context: CommandContext, typedSource: string, flags: ProcessFlags): Promise<void> {
  const output = toLocation('output', flags.output, context);
  const prices = flags.prices === undefined ? undefined : await readPrices(flags.prices, context);
  const input = toInput(toLocation('source', typedSource, context), flags, prices);
  if (flags.estimate === true) {
    const { printEstimate } = await import('./estimate.js');
    await printEstimate(context, input, output);
    return;
  }
  // A queue of its own: another worker would write to another output.
  const queueFlags = { ...flags, taskQueue: flags.taskQueue ?? toTaskQueue(output) };
  const { workerConfigFromEnv } = await import('../../config/config.js');
  const config = workerConfigFromEnv({ ...applyTemporalFlags(queueFlags, context.env), LLAMACLOUD_OUTPUT: output });
  await withTemporal(context, queueFlags, async (temporal) => {
    const { installRuntime } = await import('../temporal-runtime.js');
    const { startWorker } = await import('../../worker.js');
    installRuntime('WARN');
    const worker = await startWorker(config);
    try {
      const run = await startOrAttach(context, temporal, input);
      context.exitCode = await waitForRun(context, temporal, run);
    } finally {
      await worker.stop();
    }
  });
}

function toLocation(use: 'output' | 'source', location: string, { env }: CommandContext): string {
  try {
    return resolveUserLocation(location, use, env);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The ${use} is wrong: ${reason}`, undefined, error);
  }
}

function toInput(source: string, flags: ProcessFlags, prices: Prices | undefined): ProcessCorpusInput {
  const { job: type, configuration: configurationId } = flags;
  if (type === undefined || configurationId === undefined) throw new Error('Commander requires both');
  const { projectId, organizationId } = toBatchOptions(flags);
  return {
    source,
    job: { type, configurationId },
    ...(projectId === undefined ? {} : { projectId }),
    ...(organizationId === undefined ? {} : { organizationId }),
    ...(flags.failedFiles === undefined ? {} : { failedFiles: flags.failedFiles }),
    ...(flags.goneFiles === undefined ? {} : { goneFiles: flags.goneFiles }),
    ...(flags.maxConcurrentBatches === undefined ? {} : { maxConcurrentBatches: flags.maxConcurrentBatches }),
    ...(flags.maxCredits === undefined ? {} : { maxCredits: flags.maxCredits }),
    ...(prices === undefined ? {} : { prices }),
  };
}

function toTaskQueue(output: string): string {
  return `llamacloud-process-${createHash('sha256').update(output).digest('hex').slice(0, 16)}`;
}

function isSameJob(a: BatchJob | null, b: BatchJob): boolean {
  return a?.type === b.type && a.configurationId === b.configurationId;
}

/** A run that an earlier call has left open goes on. */
async function startOrAttach(
  context: CommandContext,
  { batches, config }: TemporalClients,
  input: ProcessCorpusInput,
): Promise<AnyRun> {
  try {
    return await batches.startCorpus(input);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
    const { corpusWorkflowId } = await import('../../protocol/index.js');
    const run = batches.attachCorpus(corpusWorkflowId(config.taskQueue, ''));
    const { source, job } = await run.progress({ timeoutMs: 60_000 });
    if (source !== null && (source !== input.source || !isSameJob(job, input.job)))
      throw new UsageError(
        `A run over this output is open, which processes ${source} with ${job?.type} and ${job?.configurationId}`,
        'Wait for its end, cancel it, or use another --output.',
        error,
      );
    context.warn('A run over this output is open: it goes on, with the options that it was started with.');
    return run;
  }
}
