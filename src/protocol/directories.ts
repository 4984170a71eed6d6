/** Input, report and progress of `processDirectories`. */
import type { FailureSummary } from './failures.js';
import type { BatchJob, BatchOptions } from './input.js';
import type { FileCounts, FileStatus } from './report.js';

/** Input of the `processDirectories` workflow. Every option but `maxConcurrentBatches` applies to each batch separately. */
export interface ProcessDirectoriesInput extends Omit<BatchOptions, 'onlyFailed'> {
  /** Source directories (`dir-...`), 1 to 10,000 and none twice: each becomes a batch. */
  directoryIds: string[];
  job: BatchJob;
  /** Batches open at a time, 1 to 50. Default 3. */
  maxConcurrentBatches?: number;
  /** Failures that the report of each batch lists, 0 to 5; its manifest has all. Default 5. */
  reportedFailures?: number;
}

/** {@link ProcessDirectoriesInput} once validated: what the run itself needs, without the directories. */
export interface DirectoriesRequest {
  job: BatchJob;
  maxConcurrentBatches: number;
  /** Number of directories. */
  total: number;
}

/** Counts of directories by the outcome of their batch. They add up to `total` once the run has ended. */
export type DirectoryCounts = FileCounts;

/** Outcome of one directory. `SKIPPED`: no batch was created, because the run stopped or hit a failure that concerns every directory. */
export type DirectoryStatus = FileStatus;

/** Why the batch of a directory was not COMPLETED. */
export interface DirectoryFailure {
  directoryId: string;
  /** Missing if there was no batch yet. */
  batchId?: string;
  /** A failure type of the table in `failures.ts`, or the name of Temporal's failure. */
  type: string;
  message: string;
}

/** One line of the combined manifest (JSON lines): one for every directory, in the order of the input. */
export interface DirectoryLine {
  directoryId: string;
  batchId: string | null;
  status: DirectoryStatus;
  /** Files of the batch by outcome; `null` if they are not known. */
  files: FileCounts | null;
  /** Where the manifest of the batch is. */
  manifest: string | null;
  error: FailureSummary | null;
}

/** Result of a `processDirectories` workflow, and what its failures carry. */
export interface DirectoriesReport {
  job: BatchJob;
  directories: DirectoryCounts;
  /** The files of all batches together, including batches that failed after their results were known. */
  files: FileCounts;
  /** The first 100; the manifest has all. */
  failures: DirectoryFailure[];
  /** Bytes written to the output store, manifests not counted. */
  bytes: number;
  /** Credits billed for the files whose billing is recorded; `null` when none is. */
  credits: number | null;
  /** Where the combined manifest is; `null` if the run ended before it was written. */
  manifest: string | null;
}

/** Whether a value from a failure's details or a memo is such a report. */
export function isDirectoriesReport(value: unknown): value is DirectoriesReport {
  return (
    typeof value === 'object' && value !== null && 'directories' in value && 'files' in value && 'failures' in value
  );
}

export type DirectoriesPhase =
  | 'opening'
  | 'processing'
  | 'reporting'
  | 'stopping'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** The phases for people, in the Temporal UI and in the terminal. */
export const DIRECTORIES_PHASE_LABELS: Record<DirectoriesPhase, string> = {
  opening: 'Checking the input',
  processing: 'Processing the directories',
  reporting: 'Writing the manifest',
  stopping: 'Stopping: cancelling the batches',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

/** Answer of the `progress` query of a `processDirectories` workflow. */
export interface DirectoriesProgress {
  phase: DirectoriesPhase;
  /** `null` until the input is validated. */
  job: BatchJob | null;
  /** Directories by outcome. `total` is 0 until the input is validated. */
  directories: DirectoryCounts;
  /** The files of the batches that have ended. */
  files: FileCounts;
  /** Batches that are open. */
  running: number;
  /** The last 5. */
  lastFailures: DirectoryFailure[];
  /** Why the run failed or was cancelled; `null` while it runs, and when it completed. */
  failure: FailureSummary | null;
  /** When the run began, ISO 8601. */
  startedAt: string;
  /** Where the combined manifest is or will be, once its first part is written. */
  manifest: string | null;
}
