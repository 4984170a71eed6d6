/** Report, manifest and progress of `processBatch`. */
import type { FailureSummary } from './failures.js';
import type { JobType } from './input.js';
import type { PreviousJob, RedrivingFile } from './redrive.js';
import { type FileStatus, RUN_PHASE_LABELS, type RunPhase, type RunProgress, type RunReport } from './run.js';

/** Why a file has no document. */
export interface FileFailure {
  fileId: string;
  name?: string;
  jobId?: string;
  /** One of the failure types in `FAILURES`, or the type that your own child workflow failed with. */
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

/**
 * One line of the manifest (JSON lines): one for each file whose result the run has read, in any order. A run
 * that ends early has no lines for files of pages that it did not read.
 */
export interface ManifestLine {
  fileId: string;
  name: string | null;
  jobId: string | null;
  jobType: JobType | null;
  status: FileStatus;
  output: string | null;
  bytes: number | null;
  sha256: string | null;
  /** Credits billed for the job, even if your own child workflow failed after it, and for the `previousJobs`; `null` if LlamaCloud gave none. */
  credits: number | null;
  error: FailureSummary | null;
  /** The jobs of the file that FAILED before `jobId`, that of the batch first. Missing if there are none. */
  previousJobs?: PreviousJob[];
}

/** Result of a `processBatch` workflow; a failure of a run that has results carries it as well. */
export interface BatchReport extends RunReport<FileFailure> {
  batchId: string;
  directoryId: string;
  /** Last status seen of the batch. Not terminal if the run left the batch running or could not cancel it. */
  status: string;
  /** As in {@link BatchProgress}. */
  redrivenJobs?: number;
}

/** Whether a value from a failure's details or a memo is a report. */
export function isReport(value: unknown): value is BatchReport {
  return typeof value === 'object' && value !== null && 'batchId' in value && 'files' in value && 'failures' in value;
}

export type BatchPhase = RunPhase | 'creating' | 'waiting' | 'expanding' | 'redriving';

/** The phases for people, in the Temporal UI and in the terminal. */
export const PHASE_LABELS: Record<BatchPhase, string> = {
  ...RUN_PHASE_LABELS,
  creating: 'Creating the batch',
  waiting: 'Waiting for LlamaCloud',
  expanding: 'Reading the results',
  processing: 'Collecting the documents',
  redriving: 'Redriving failed jobs',
};

/** Answer of the `progress` query. `files.total` is 0 until the results are known. */
export interface BatchProgress extends RunProgress<BatchPhase, FileFailure> {
  /** `null` until the input is validated. */
  directoryId: string | null;
  batchId: string | null;
  /** Last status seen; `null` before the batch exists. */
  batchStatus: string | null;
  /** Files of the directory when the run began: shows the size of a batch whose results are not there yet. `null` if not known. */
  directoryFileCount: number | null;
  /** Files whose job is known to have ended in LlamaCloud. Their documents are collected next. */
  jobsEnded: number;
  /** What the run waits for other than LlamaCloud: another run that creates a batch of the same spec. A sentence; usually `null`. */
  waitingFor: string | null;
  /** Jobs that files have got in this run, in place of jobs that FAILED. Missing if there are none. */
  redrivenJobs?: number;
  /** The first 5 files that wait for such a job, or for its end. Missing if there are none. */
  redriving?: RedrivingFile[];
}
