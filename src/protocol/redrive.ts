/** Another job in place of one that LlamaCloud has FAILED. */
import type { ApiScope, JobType, OnStop } from './input.js';
import type { BatchSpec } from './names.js';

/** A page of 1,000 files has to fit into one history, whatever fails. */
export const MAX_RETRY_FAILED = 5;

/** A job of a file that FAILED, and in place of which the file has got another one. */
export interface PreviousJob {
  jobId: string;
  /** Credits billed for it; `null` if LlamaCloud gave none. They are part of the `credits` of the line. */
  credits: number | null;
}

/** A file whose failed job is being redriven. */
export interface RedrivingFile {
  fileId: string;
  name?: string;
  /** The job that has FAILED. */
  failedJobId: string;
  /** The job in its place; `null` while there is none. */
  jobId: string | null;
}

/** Input of the `redriveJob` workflow. */
export interface RedriveJobInput extends BatchSpec {
  scope: ApiScope;
  fileId: string;
  /** The jobs of the file that are known, all FAILED: that of the batch first. */
  jobIds: string[];
  /** What to do with the new job when the run that it is for is stopped. */
  onStop: OnStop;
}

/** Result of a `redriveJob` workflow. */
export interface RedriveOutcome {
  /** The job in place of the failed one; `null` if there is none. */
  jobId: string | null;
  /** Why there is none. */
  reason: string | null;
  /** Credits billed for the failed one. */
  credits: number | null;
}

/**
 * The label (`user_metadata`) of a parse job that is made in place of another one. Its value is the id of the batch's job. By it a job is found
 * whose response was lost, so it never changes.
 */
export const REDRIVE_LABEL = 'redrive_of';

/** For people who have to look for a job in LlamaCloud. */
export function describeRedrive(type: JobType, jobId: string, fileId: string): string {
  return type === 'parse_v2'
    ? `a parse job whose user_metadata has ${REDRIVE_LABEL} ${jobId}`
    : `an extract job of the file ${fileId} that is newer than ${jobId}`;
}

/** The job that the failure of a `redriveJob` has as its first detail: one that could not be cancelled. */
export function findJobInFailure(failure: unknown): string | null {
  const details = failure instanceof Error && 'details' in failure ? failure.details : undefined;
  const detail: unknown = Array.isArray(details) ? details[0] : undefined;
  if (typeof detail !== 'object' || detail === null || !('jobId' in detail)) return null;
  return typeof detail.jobId === 'string' ? detail.jobId : null;
}
