/** Input, report, manifest and progress of `processCorpus`. */
import type { BudgetPlan, CorpusBudget } from './budget.js';
import type { FailureSummary } from './failures.js';
import type { ApiScope, BatchJob, BatchOptions, CollectFormat, JobType } from './input.js';
import type { Prices } from './prices.js';
import { type FileStatus, RUN_PHASE_LABELS, type RunPhase, type RunProgress, type RunReport } from './run.js';

export const FAILED_FILES = ['retry', 'keep'] as const;
/** What happens to an unchanged file that LlamaCloud could not process in the last run: it is processed again, or stays failed. */
export type FailedFiles = (typeof FAILED_FILES)[number];

export const GONE_FILES = ['keep', 'remove'] as const;
/** What happens to the document of a file that is no longer in the source: it stays, or is removed. */
export type GoneFiles = (typeof GONE_FILES)[number];

/** Options of each batch, all but those about one batch. Not `onStop`: the next run would pay again for a batch that is left running. */
export type CorpusBatchOptions = Omit<
  BatchOptions,
  | keyof ApiScope
  | 'onlyMissing'
  | 'collect'
  | 'maxFailedFiles'
  | 'maxFailedPercent'
  | 'reportedFailures'
  | 'corpusPart'
  | 'onStop'
>;

/** Input of the `processCorpus` workflow. */
export interface ProcessCorpusInput extends ApiScope, CorpusBatchOptions {
  /** Where the files are: the absolute path of a folder that every worker sees, or `s3://bucket/prefix`. */
  source: string;
  job: BatchJob;
  /**
   * Folder in the output store for the documents and the manifest, such as `contracts` or `legal/contracts`. It belongs to one source.
   * Default: the store itself.
   */
  output?: string;
  /** Default `markdown` for parse jobs, `record` for extract jobs. */
  collect?: CollectFormat;
  /** Default `retry`: LlamaCloud does not bill a job that failed. */
  failedFiles?: FailedFiles;
  /** Default `keep`. */
  goneFiles?: GoneFiles;
  /** Batches of at most 1,000 files open at a time, 1 to 50. Default 3. */
  maxConcurrentBatches?: number;
  /**
   * Credits that may be spent: no batch is created whose upper estimate might pass them. Counts what all runs over this output with `maxCredits` have
   * spent since the last one that left nothing. Default: no limit, and no estimate.
   */
  maxCredits?: number;
  /** Prices that the estimates go by. Default `PRICES`. */
  prices?: Prices;
}

/** {@link ProcessCorpusInput} once validated. */
export interface ResolvedCorpusInput {
  scope: ApiScope;
  source: string;
  output: string;
  job: BatchJob;
  collect: CollectFormat;
  failedFiles: FailedFiles;
  goneFiles: GoneFiles;
  maxConcurrentBatches: number;
  maxCredits?: number;
  batchOptions: CorpusBatchOptions;
}

/** What the activities of a run over a corpus know of it. */
export interface CorpusRun
  extends Pick<ResolvedCorpusInput, 'scope' | 'source' | 'output' | 'job' | 'collect' | 'failedFiles' | 'goneFiles'> {
  /** Run id of the first run in the continue-as-new chain. */
  runId: string;
  /** Id of the run's output store. */
  storeId: string;
  /** Identifies what was at the location of the source when the run began; `null` if the source can't tell. */
  sourceId: string | null;
  /** Identifies the manifest that the run compares with. */
  generation: string;
  /** Fingerprint of the parameters of the configuration; `null` if LlamaCloud does not show them, as for presets. */
  configurationVersion: string | null;
  /** Missing without `maxCredits`. */
  budget?: BudgetPlan;
}

/** Outcome of a file. `GONE`: it is no longer in the source. If its document was removed, `output` is `null`, and the next run drops the line. */
export type CorpusFileStatus = FileStatus | 'GONE';

/**
 * One line of the manifest of a corpus (JSON lines): one for each file, ordered by path, byte by byte. The next run compares with it.
 *
 * The line of a folder that could not be read has a path that ends with `/`.
 */
export interface CorpusLine {
  /** Path in the source. A byte that is not UTF-8 is a lone surrogate, as in Python's `surrogateescape`. */
  path: string;
  status: CorpusFileStatus;
  /** Bytes of the file; `null` if it could not be read. */
  size: number | null;
  /** Times or ETag: while they and the size are the same, the file is not read again. */
  changeToken: string | null;
  /** Hex SHA-256 of the file that was uploaded; `null` if none was. */
  sha256: string | null;
  jobType: JobType;
  configurationId: string;
  /** Fingerprint of the configuration's parameters; `null` if LlamaCloud does not show them. */
  configurationVersion: string | null;
  collect: CollectFormat;
  directoryId: string | null;
  fileId: string | null;
  batchId: string | null;
  jobId: string | null;
  /** Where the document is: a path, or a URL of the store. */
  output: string | null;
  /** Of the document. */
  outputBytes: number | null;
  /** Hex SHA-256 of the document. */
  outputSha256: string | null;
  /** Credits billed for the job; `null` if LlamaCloud gave none. */
  credits: number | null;
  error: FailureSummary | null;
  /** When its outcome was written, ISO 8601. Missing for a file that was not sent, and in lines of earlier versions. */
  processedAt?: string;
}

/** Why a file has no document. */
export interface CorpusFailure {
  path: string;
  /** One of the failure types in `FAILURES`. */
  type: string;
  message: string;
}

/** What a run over a corpus counts apart from the outcomes of the files that it processes. */
export interface CorpusCounts {
  /** Files that have not changed: nothing was sent. */
  unchanged: number;
  /** Files of the last run that are no longer in the source. */
  gone: number;
}

/** Result of a `processCorpus` workflow, and what its failures carry. `files` counts those that have changed, or could not be processed. */
export interface CorpusReport extends RunReport<CorpusFailure>, CorpusCounts {
  source: string;
  output: string;
  /** Missing without `maxCredits`. */
  budget?: CorpusBudget;
}

/** Whether a value from a failure's details or a memo is such a report. */
export function isCorpusReport(value: unknown): value is CorpusReport {
  return typeof value === 'object' && value !== null && 'unchanged' in value && 'gone' in value && 'files' in value;
}

export type CorpusPhase = RunPhase;

/** The phases for people, in the Temporal UI and in the terminal. */
export const CORPUS_PHASE_LABELS: Record<CorpusPhase, string> = {
  ...RUN_PHASE_LABELS,
  processing: 'Processing the files',
};

/** Answer of the `progress` query of a `processCorpus` workflow. `running` counts the parts that are open. */
export interface CorpusProgress extends RunProgress<CorpusPhase, CorpusFailure>, CorpusCounts {
  source: string | null;
  /** Whether all files have been listed. Until then `files.total` grows. */
  isListed: boolean;
  /** What the run waits for: another run of the same corpus. A sentence; usually `null`. */
  waitingFor: string | null;
  /** Missing without `maxCredits`. */
  budget?: CorpusBudget;
}

/** A batch takes at most 1,000 files. */
export const MAX_PART_FILES = 1_000;

/** Size of a path as JSON, in bytes: 1,000 of them are in one payload, and Temporal allows 2 MB. */
export const MAX_SOURCE_PATH_BYTES = 700;
