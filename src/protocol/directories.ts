/** Input, report, manifest and progress of `processDirectories`. */
import type { FailureSummary } from './failures.js';
import type { ApiScope, BatchJob, BatchOptions } from './input.js';
import {
  type FileCounts,
  type FileStatus,
  RUN_PHASE_LABELS,
  type RunPhase,
  type RunProgress,
  type RunReport,
} from './run.js';
import type { StuckDirectory } from './stuck.js';

/** Input of the `processDirectories` workflow. Every option but `maxConcurrentBatches` applies to each batch separately. */
export interface ProcessDirectoriesInput extends Omit<BatchOptions, 'onlyMissing'> {
  /** Source directories (`dir-...`), 1 to 10,000 and none twice: each becomes a batch. */
  directoryIds: string[];
  job: BatchJob;
  /** Batches open at a time, 1 to 50. Default 3. */
  maxConcurrentBatches?: number;
  /** Failures that the report of each batch lists, 0 to 5; its manifest has all. Default 5. */
  reportedFailures?: number;
}

/** {@link ProcessDirectoriesInput} once validated: what the run itself needs, without the directories. */
export interface ResolvedDirectoriesInput {
  scope: ApiScope;
  job: BatchJob;
  maxConcurrentBatches: number;
  /** Number of directories. */
  total: number;
}

/** Counts of directories by the outcome of their batch. They add up to `total` once the run has ended. */
export type DirectoryCounts = FileCounts;

/** Outcome of one directory. `SKIPPED`: no batch was created, because the run was stopped or every other batch would fail as well. */
export type DirectoryStatus = FileStatus;

/** Why the batch of a directory was not COMPLETED. */
export interface DirectoryFailure {
  directoryId: string;
  /** Missing if there was no batch yet. */
  batchId?: string;
  /** One of the failure types in `FAILURES`, or the name of Temporal's failure. */
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
export interface DirectoriesReport extends RunReport<DirectoryFailure> {
  directories: DirectoryCounts;
  /** The files of all batches together, including batches that failed after their results were known. */
  files: FileCounts;
}

/** Whether a value from a failure's details or a memo is such a report. */
export function isDirectoriesReport(value: unknown): value is DirectoriesReport {
  return (
    typeof value === 'object' && value !== null && 'directories' in value && 'files' in value && 'failures' in value
  );
}

export type DirectoriesPhase = RunPhase;

/** The phases for people, in the Temporal UI and in the terminal. */
export const DIRECTORIES_PHASE_LABELS: Record<DirectoriesPhase, string> = {
  ...RUN_PHASE_LABELS,
  processing: 'Processing the directories',
};

/** Answer of the `progress` query of a `processDirectories` workflow. `running` counts the batches that are open. */
export interface DirectoriesProgress extends RunProgress<DirectoriesPhase, DirectoryFailure> {
  /** Directories by outcome. `total` is 0 until the input is validated. */
  directories: DirectoryCounts;
  /** The files of the batches that have ended. */
  files: FileCounts;
  /** The directories whose batches are open and stuck. */
  stuckDirectories: StuckDirectory[];
}
