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
  MAX_RETRY_FAILED,
  type NewBatchInput,
  ON_STOP,
  type OnStop,
  type ProcessBatchInput,
  supportsFormat,
} from '../../protocol/index.js';
import { UsageError } from '../errors.js';
import { duration, integer, nonEmpty, number, repeatedId } from './parsers.js';

/** Options of `processBatch`. */
export interface BatchFlags {
  readonly directory?: readonly string[];
  readonly job?: JobType;
  readonly configuration?: string;
  readonly project?: string;
  readonly organization?: string;
  readonly batch?: string;
  readonly onlyMissing?: boolean;
  readonly retryFailed?: number;
  readonly collect?: CollectFormat;
  readonly maxConcurrentJobs?: number;
  readonly maxFailedFiles?: number;
  readonly maxFailedPercent?: number;
  readonly timeout?: number;
  readonly stuckAfter?: number;
  readonly onStop?: OnStop;
}

export const JOB_DESCRIPTION = 'parse_v2 parses each file, extract_v2 extracts a record from each file';

/** The shortest `timeout` that the workflow accepts. */
const MIN_TIMEOUT_MS = 1_000;

/** @param manyDirectories Whether `--directory` can be repeated. */
export function addBatchOptions<T extends Command>(command: T, { manyDirectories }: { manyDirectories: boolean }): T {
  return command
    .option(
      '--directory <id>',
      `process the files of this LlamaCloud directory (dir-...)${manyDirectories ? '; repeat it for many directories, a batch for each' : ''}`,
      repeatedId,
    )
    .addOption(new Option('--job <type>', JOB_DESCRIPTION).choices(JOB_TYPES))
    .option(
      '--configuration <id>',
      'configuration of the job: for parse_v2 a saved one (cfg-...) or a preset such as cfg-PARSE_AGENTIC, for extract_v2 a saved one',
      nonEmpty,
    )
    .option('--project <id>', 'LlamaCloud project (default: the project of the API key)', nonEmpty)
    .option('--organization <id>', 'LlamaCloud organization (default: the organization of the API key)', nonEmpty)
    .option(
      '--batch <id>',
      'use this existing batch (bat-...) and create none; --directory, --job and --configuration can then be left out',
      nonEmpty,
    )
    .option(
      '--only-missing',
      'with --batch: collect only the documents that are not in the output folder yet; a job that failed in LlamaCloud stays failed, unless --retry-failed is given',
    )
    .addOption(
      new Option(
        '--collect <format>',
        'result to store: markdown, text or items for parse_v2 (default: markdown), record for extract_v2',
      ).choices(COLLECT_FORMATS),
    )
    .option(
      '--max-concurrent-jobs <n>',
      `collect at most this many documents at a time, 1 to ${MAX_CONCURRENT_JOBS_LIMIT} (default: ${DEFAULT_MAX_CONCURRENT_JOBS})`,
      integer(1, MAX_CONCURRENT_JOBS_LIMIT),
    )
    .option(
      '--max-failed-files <n>',
      'fail the run if more than this many files of its COMPLETED batch fail or are cancelled (default: no limit)',
      integer(0),
    )
    .option(
      '--max-failed-percent <percent>',
      'fail the run if more than this percentage of the files of its COMPLETED batch fail or are cancelled, 0 to 100 (default: no limit)',
      number(0, 100),
    )
    .option(
      '--retry-failed <n>',
      `give a file whose job LlamaCloud has failed up to this many new jobs, 0 to ${MAX_RETRY_FAILED}; you pay for each (default: 0)`,
      integer(0, MAX_RETRY_FAILED),
    )
    .option(
      '--timeout <duration>',
      'stop the run, and fail it, after this time, such as 12h (default: 7d)',
      duration(MIN_TIMEOUT_MS),
    )
    .option(
      '--stuck-after <duration>',
      'call the run stuck when nothing has changed for this time, such as 6h (default: 2h)',
      duration(MIN_TIMEOUT_MS),
    )
    .addOption(
      new Option(
        '--on-stop <action>',
        'when the run is cancelled or times out: cancel its batch in LlamaCloud, or leave it running (default: cancel)',
      ).choices(ON_STOP),
    );
}

/** @throws UsageError when the flags contradict each other or some are missing */
export function toBatchInput(flags: BatchFlags): ProcessBatchInput {
  const source = toSource(flags);
  if (flags.onlyMissing && flags.batch === undefined) {
    throw new UsageError('--only-missing needs --batch', 'Give the batch whose missing documents are collected.');
  }
  return {
    ...source,
    ...(flags.onlyMissing === undefined ? {} : { onlyMissing: flags.onlyMissing }),
    ...toBatchOptions(flags),
  };
}

/** The options that a run over one batch and a run over many directories share. @throws UsageError */
export function toBatchOptions(flags: BatchFlags): Omit<BatchOptions, 'onlyMissing'> {
  const { collect, job } = flags;
  if (collect !== undefined && job !== undefined && !supportsFormat(job, collect)) {
    throw new UsageError(
      `--collect ${collect} is not a result of --job ${job}`,
      'parse_v2 has markdown, text and items. extract_v2 has record.',
    );
  }
  return {
    ...(flags.project === undefined ? {} : { projectId: flags.project }),
    ...(flags.organization === undefined ? {} : { organizationId: flags.organization }),
    ...(collect === undefined ? {} : { collect }),
    ...(flags.maxConcurrentJobs === undefined ? {} : { maxConcurrentJobs: flags.maxConcurrentJobs }),
    ...(flags.maxFailedFiles === undefined ? {} : { maxFailedFiles: flags.maxFailedFiles }),
    ...(flags.maxFailedPercent === undefined ? {} : { maxFailedPercent: flags.maxFailedPercent }),
    ...(flags.retryFailed === undefined ? {} : { retryFailed: flags.retryFailed }),
    ...(flags.timeout === undefined ? {} : { timeout: flags.timeout }),
    ...(flags.stuckAfter === undefined ? {} : { stuckAfter: flags.stuckAfter }),
    ...(flags.onStop === undefined ? {} : { onStop: flags.onStop }),
  };
}

/** An existing batch, or the directory and the job of a new one. */
function toSource(flags: BatchFlags): NewBatchInput | ExistingBatchInput {
  const { batch, directory: directories = [], job: type, configuration: configurationId } = flags;
  const [directoryId, another] = directories;
  if (another !== undefined) {
    throw new UsageError('This command takes one --directory', 'Only start takes many.');
  }
  const job = type === undefined || configurationId === undefined ? undefined : { type, configurationId };
  if (batch === undefined) {
    if (directoryId !== undefined && job !== undefined) return { directoryId, job };
    const required = { '--directory': directoryId, '--job': type, '--configuration': configurationId };
    const missing = Object.entries(required).flatMap(([flag, value]) => (value === undefined ? [flag] : []));
    throw new UsageError(
      `Missing: ${missing.join(', ')}`,
      'Give --directory, --job and --configuration, or --batch for an existing batch.',
    );
  }
  if ((type === undefined) !== (configurationId === undefined)) {
    throw new UsageError('--job and --configuration go together', 'With --batch, both can be left out.');
  }
  return {
    batchId: batch,
    ...(directoryId === undefined ? {} : { directoryId }),
    ...(job === undefined ? {} : { job }),
  };
}
