import type { FailureSummary } from './failures.js';
import type { BatchJob, JobType } from './input.js';

/** Outcome of one file. `SKIPPED`: not tried, because too many other files had failed or the run was stopped. */
export type FileStatus = 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'SKIPPED';

/** Why a file has no document. */
export interface FileFailure {
  fileId: string;
  name?: string;
  jobId?: string;
  /** A failure type of the table in `failures.ts`, or the type that your own child workflow failed with. */
  type: string;
  message: string;
}

/** Result of a `processJob` workflow: one document in the output store. */
export interface JobOutcome {
  fileId: string;
  jobId: string;
  status: 'COMPLETED';
  /** Where the document is: a path, or a URL of the store. */
  output: string;
  /** Size of the document. */
  bytes: number;
  /** Hex SHA-256 of the document. */
  sha256: string;
  /** Credits billed; `null` until LlamaCloud has recorded them. */
  credits: number | null;
}

/** One line of the manifest (JSON lines): one for every file of the batch, in the order of the batch's results. */
export interface ManifestLine {
  fileId: string;
  name: string | null;
  jobId: string | null;
  jobType: JobType | null;
  status: FileStatus;
  output: string | null;
  bytes: number | null;
  sha256: string | null;
  credits: number | null;
  error: FailureSummary | null;
}

/** Counts of files by outcome. They add up to `total` once the run has ended. */
export interface FileCounts {
  total: number;
  completed: number;
  failed: number;
  cancelled: number;
  skipped: number;
}

/** Result of a `processBatch` workflow; a failure of a run that has results carries it as well. */
export interface BatchReport {
  batchId: string;
  directoryId: string;
  job: BatchJob;
  /** Terminal status of the batch. */
  status: string;
  files: FileCounts;
  /** The first 100, or as many as `reportedFailures` says; the manifest has all. */
  failures: FileFailure[];
  /** Bytes of the documents, the manifest not counted. */
  bytes: number;
  /** Credits billed for the files whose billing is recorded; `null` when none is. */
  credits: number | null;
  /** Where the manifest is; `null` if the batch had no results to list. */
  manifest: string | null;
}

/** Whether a value from a failure's details or a memo is a report. */
export function isReport(value: unknown): value is BatchReport {
  return typeof value === 'object' && value !== null && 'batchId' in value && 'files' in value && 'failures' in value;
}

export type BatchPhase =
  | 'opening'
  | 'creating'
  | 'waiting'
  | 'expanding'
  | 'processing'
  | 'reporting'
  | 'stopping'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** The phases for people, in the Temporal UI and in the terminal. */
export const PHASE_LABELS: Record<BatchPhase, string> = {
  opening: 'Checking the input',
  creating: 'Creating the batch',
  waiting: 'Waiting for LlamaCloud',
  expanding: 'Reading the results',
  processing: 'Collecting the documents',
  reporting: 'Writing the manifest',
  stopping: 'Stopping: cancelling the batch and its jobs',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

export function noFiles(): FileCounts {
  return { total: 0, completed: 0, failed: 0, cancelled: 0, skipped: 0 };
}

/** Files whose outcome is known. */
export function settledCount({ completed, failed, cancelled, skipped }: FileCounts): number {
  return completed + failed + cancelled + skipped;
}

/** The counter of {@link FileCounts} for each outcome. */
export const COUNTER_BY_STATUS = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  SKIPPED: 'skipped',
} as const satisfies Record<FileStatus, keyof FileCounts>;

/** Answer of the `progress` query. */
export interface BatchProgress {
  phase: BatchPhase;
  /** `null` until the input is validated. */
  directoryId: string | null;
  job: BatchJob | null;
  batchId: string | null;
  /** Last status seen; `null` before the batch exists. */
  batchStatus: string | null;
  /** Files by outcome. `total` is 0 until the results are known. */
  files: FileCounts;
  /** Child workflows that are open. */
  running: number;
  /** The last 5. */
  lastFailures: FileFailure[];
  /** Why the run failed or was cancelled; `null` while it runs, and when it completed. */
  failure: FailureSummary | null;
  /** When the run began, ISO 8601. */
  startedAt: string;
  /** Where the manifest is or will be, once its first part is written. */
  manifest: string | null;
}
