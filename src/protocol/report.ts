import type { BatchJob, JobType } from './input.js';

/** What became of one file. `SKIPPED`: not tried, because too many others had failed or the run was stopped. */
export type FileStatus = 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'SKIPPED';

/** Why a file has no document. */
export interface FileFailure {
  fileId: string;
  name?: string;
  jobId?: string;
  /** A failure type of the table in `failures.ts`, or the type that a child of your own failed with. */
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

/** What a child tells its batch: the rest of the {@link JobOutcome} the batch knows. */
export type BriefOutcome = Pick<JobOutcome, 'bytes' | 'sha256' | 'credits'>;

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
  error: { type: string; message: string } | null;
}

/** What is known of a line in the workflow: what is missing follows from the rest, or is `null`. */
export type ManifestEntry = Pick<ManifestLine, 'fileId'> & Partial<ManifestLine>;

/** Counts of files by what became of them. They add up to `total` once the run has ended. */
export interface FileCounts {
  total: number;
  completed: number;
  failed: number;
  cancelled: number;
  skipped: number;
}

/** Result of a `processBatch` workflow, and what its failures carry once there was something to report. */
export interface BatchReport {
  batchId: string;
  directoryId: string;
  job: BatchJob;
  /** Terminal status of the batch. */
  status: string;
  files: FileCounts;
  /** The first 100, or as many as `reportedFailures` says; the manifest has all. */
  failures: FileFailure[];
  /** Bytes written to the output store, the manifest not counted. */
  bytes: number;
  /** Credits billed for the files whose billing is recorded; `null` when none is. */
  credits: number | null;
  /** Where the manifest is, or `null` where the batch had no results to list. */
  manifest: string | null;
}

/** Tells a report from whatever else a failure's details or a memo may hold. */
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
  | 'cancelling'
  | 'done';

/** The phases for people, in the Temporal UI and in the terminal. */
export const PHASE_WORDS: Record<BatchPhase, string> = {
  opening: 'Checking the input',
  creating: 'Creating the batch',
  waiting: 'Waiting for LlamaCloud',
  expanding: 'Reading the results',
  processing: 'Collecting the documents',
  reporting: 'Writing the manifest',
  cancelling: 'Cancelling the batch',
  done: 'Done',
};

/** Files whose end is known. */
export function counted({ completed, failed, cancelled, skipped }: FileCounts): number {
  return completed + failed + cancelled + skipped;
}

/** Answer of the `progress` query. */
export interface BatchProgress {
  phase: BatchPhase;
  /** `null` until the input is validated. */
  directoryId: string | null;
  job: BatchJob | null;
  batchId: string | null;
  /** Last status seen; not yet known before the batch exists. */
  batchStatus: string | null;
  /** Files by what became of them. `total` is 0 until the results are known. */
  files: FileCounts;
  /** Child workflows that are open. */
  running: number;
  /** The last 5. */
  lastFailures: FileFailure[];
  /** When the run began, ISO 8601. */
  startedAt: string;
  /** How the documents and the manifest can be found, once the first is there. */
  manifest: string | null;
}
