/** What `processDirectories` is given, and what it says of it. */
import type { BatchJob, BatchOptions } from './input.js';
import type { FileCounts, FileStatus } from './report.js';

/** Input of the `processDirectories` workflow. Every option but `maxConcurrentBatches` holds for each batch by itself. */
export interface ProcessDirectoriesInput extends Omit<BatchOptions, 'onlyFailed'> {
  /** Source directories (`dir-...`), 1 to 10,000 and none twice: each becomes a batch. */
  directoryIds: string[];
  job: BatchJob;
  /** Batches open at a time, 1 to 50. Default 3. */
  maxConcurrentBatches?: number;
  /** Failures that the report of each batch lists, 0 to 5; its manifest has all. Default 5. */
  reportedFailures?: number;
}

/** {@link ProcessDirectoriesInput} once validated: what the run itself needs of it, the directories left out. */
export interface DirectoriesRequest {
  job: BatchJob;
  maxConcurrentBatches: number;
  /** Number of directories. */
  total: number;
}

/** Counts of directories by what became of their batch. They add up to `total` once the run has ended. */
export type DirectoryCounts = FileCounts;

/** What became of one directory. `SKIPPED`: no batch was made, because the run was stopped, or would have failed for every other too. */
export type DirectoryStatus = FileStatus;

/** Why a directory's batch did not end well. */
export interface DirectoryFailure {
  directoryId: string;
  /** Missing where there was none yet. */
  batchId?: string;
  /** A failure type of the table in `failures.ts`, or what Temporal calls the end of the batch's run. */
  type: string;
  message: string;
}

/** One line of the combined manifest (JSON lines): one for every directory, in the order of the input. */
export interface DirectoryLine {
  directoryId: string;
  batchId: string | null;
  status: DirectoryStatus;
  /** Files of the batch by what became of them; `null` where nothing is known of them. */
  files: FileCounts | null;
  /** Where the manifest of the batch is. */
  manifest: string | null;
  error: { type: string; message: string } | null;
}

/** What is known of a line: what is missing is `null`. */
export type DirectoryEntry = Pick<DirectoryLine, 'directoryId' | 'status'> & Partial<DirectoryLine>;

/** Result of a `processDirectories` workflow, and what its failures carry. */
export interface DirectoriesReport {
  job: BatchJob;
  directories: DirectoryCounts;
  /** The files of all batches together, also of those that failed after their results were known. */
  files: FileCounts;
  /** The first 100; the manifest has all. */
  failures: DirectoryFailure[];
  /** Bytes written to the output store, manifests not counted. */
  bytes: number;
  /** Credits billed for the files whose billing is recorded; `null` when none is. */
  credits: number | null;
  /** Where the combined manifest is, or `null` where the run ended before there was one. */
  manifest: string | null;
}

/** Tells such a report from whatever else a failure's details or a memo may hold. */
export function isDirectoriesReport(value: unknown): value is DirectoriesReport {
  return (
    typeof value === 'object' && value !== null && 'directories' in value && 'files' in value && 'failures' in value
  );
}

export type DirectoriesPhase = 'opening' | 'processing' | 'reporting' | 'cancelling' | 'done';

/** The phases for people, in the Temporal UI and in the terminal. */
export const DIRECTORIES_PHASE_WORDS: Record<DirectoriesPhase, string> = {
  opening: 'Checking the input',
  processing: 'Processing the directories',
  reporting: 'Writing the manifest',
  cancelling: 'Cancelling the batches',
  done: 'Done',
};

/** Answer of the `progress` query of a `processDirectories` workflow. */
export interface DirectoriesProgress {
  phase: DirectoriesPhase;
  /** `null` until the input is validated. */
  job: BatchJob | null;
  /** Directories by what became of them. `total` is 0 until the input is validated. */
  directories: DirectoryCounts;
  /** The files of the batches that have ended. */
  files: FileCounts;
  /** Batches that are open. */
  running: number;
  /** The last 5. */
  lastFailures: DirectoryFailure[];
  /** When the run began, ISO 8601. */
  startedAt: string;
  /** Where the combined manifest is, or will be, once its first part is there. */
  manifest: string | null;
}
