import { type Command, Option } from 'commander';
import {
  type BatchOptions,
  COLLECT_FORMATS,
  type CollectFormat,
  DEFAULT_MAX_CONCURRENT_JOBS,
  type ExistingBatchInput,
  JOB_TYPES,
  type JobType,
  MAX_CONCURRENT_JOBS_LIMIT,
  type NewBatchInput,
  ON_STOP,
  type OnStop,
  type ProcessBatchInput,
  supportsFormat,
} from '../protocol/index.js';
import { UsageError } from './errors.js';
import { duration, ids, integer, nonEmpty, number } from './values.js';

/** The flags that say what a batch run does. */
export interface BatchFlags {
  readonly directory?: readonly string[];
  readonly job?: JobType;
  readonly configuration?: string;
  readonly project?: string;
  readonly organization?: string;
  readonly batch?: string;
  readonly onlyFailed?: boolean;
  readonly collect?: CollectFormat;
  readonly maxConcurrentJobs?: number;
  readonly maxFailedFiles?: number;
  readonly maxFailedPercent?: number;
  readonly timeout?: number;
  readonly onStop?: OnStop;
}

/** The workflow's own rule. */
const SHORTEST_TIMEOUT_MS = 1_000;

export function addBatchOptions<T extends Command>(command: T): T {
  return command
    .option('--directory <id>', 'source directory whose files are processed, dir-...', ids)
    .addOption(new Option('--job <type>', 'what to do with each file').choices(JOB_TYPES))
    .option('--configuration <id>', 'saved configuration (cfg-...) or preset (cfg-PARSE_AGENTIC)', nonEmpty)
    .option('--project <id>', "LlamaCloud project (default: the key's)", nonEmpty)
    .option('--organization <id>', "LlamaCloud organization (default: the key's)", nonEmpty)
    .option(
      '--batch <id>',
      'adopt this batch (bat-...) instead of creating one; it says the three above itself',
      nonEmpty,
    )
    .option('--only-failed', 'with --batch: only the files whose document is not in the output yet')
    .addOption(
      new Option('--collect <format>', 'which result to store (default: markdown, or record for extract_v2)').choices(
        COLLECT_FORMATS,
      ),
    )
    .option(
      '--max-concurrent-jobs <n>',
      `documents collected at a time (default: ${DEFAULT_MAX_CONCURRENT_JOBS})`,
      integer(1, MAX_CONCURRENT_JOBS_LIMIT),
    )
    .option('--max-failed-files <n>', 'fail the run when more files than this fail', integer(0))
    .option('--max-failed-percent <p>', 'fail the run when a larger share of files fails', number(0, 100))
    .option('--timeout <duration>', 'time for the whole run (default: 7 days)', duration(SHORTEST_TIMEOUT_MS))
    .addOption(
      new Option('--on-stop <what>', 'what a run that stops does with its batch (default: cancel)').choices(ON_STOP),
    );
}

/** @throws UsageError when the flags do not fit together. */
export function batchInputOf(flags: BatchFlags): ProcessBatchInput {
  const work = toWork(flags);
  if (flags.onlyFailed && flags.batch === undefined) {
    throw new UsageError('--only-failed needs --batch: the batch whose files are looked at again');
  }
  return {
    ...work,
    ...(flags.onlyFailed === undefined ? {} : { onlyFailed: flags.onlyFailed }),
    ...optionsOf(flags),
  };
}

/** What holds for a single batch and for each of many. @throws UsageError when it does not fit together. */
export function optionsOf(flags: BatchFlags): Omit<BatchOptions, 'onlyFailed'> {
  const { collect, job } = flags;
  if (collect !== undefined && job !== undefined && !supportsFormat(job, collect)) {
    throw new UsageError(
      `--collect ${collect} does not fit --job ${job}: parse_v2 has markdown, text and items, extract_v2 has record`,
    );
  }
  return {
    ...(flags.project === undefined ? {} : { projectId: flags.project }),
    ...(flags.organization === undefined ? {} : { organizationId: flags.organization }),
    ...(collect === undefined ? {} : { collect }),
    ...(flags.maxConcurrentJobs === undefined ? {} : { maxConcurrentJobs: flags.maxConcurrentJobs }),
    ...(flags.maxFailedFiles === undefined ? {} : { maxFailedFiles: flags.maxFailedFiles }),
    ...(flags.maxFailedPercent === undefined ? {} : { maxFailedPercent: flags.maxFailedPercent }),
    ...(flags.timeout === undefined ? {} : { timeout: flags.timeout }),
    ...(flags.onStop === undefined ? {} : { onStop: flags.onStop }),
  };
}

/** A batch that is there, or else all three of what a new one needs. */
function toWork({
  batch,
  directory: directories = [],
  job,
  configuration,
}: BatchFlags): NewBatchInput | ExistingBatchInput {
  const [directory, another] = directories;
  if (another !== undefined) throw new UsageError('--directory can be given once here: only start takes more');
  if (directory !== undefined && job !== undefined && configuration !== undefined) {
    const work = { directoryId: directory, job: { type: job, configurationId: configuration } };
    return batch === undefined ? work : { ...work, batchId: batch };
  }
  if (batch === undefined) {
    const needed = { '--directory': directory, '--job': job, '--configuration': configuration };
    const missing = Object.entries(needed).flatMap(([flag, value]) => (value === undefined ? [flag] : []));
    throw new UsageError(`${missing.join(', ')}: needed, unless --batch names a batch that is there`);
  }
  if ((job === undefined) !== (configuration === undefined)) {
    throw new UsageError('--job and --configuration go together; with --batch both may be left out');
  }
  return {
    batchId: batch,
    ...(directory === undefined ? {} : { directoryId: directory }),
    ...(job === undefined || configuration === undefined ? {} : { job: { type: job, configurationId: configuration } }),
  };
}
