/** Cancels a batch and its jobs in LlamaCloud: for a run that stops, and for a `createBatch` that is cancelled. */
import { ActivityFailure, isCancellation, log, TimeoutFailure } from '@temporalio/workflow';
import type { CancelledJobs, JobReference } from '../../activities/types.js';
import { type ApiScope, cleanText, isTerminal, rootFailure } from '../../protocol/index.js';
import { cancelBatch, cancelJobs } from '../shared/activities.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';

export interface BatchToCancel {
  scope: ApiScope;
  directoryId: string;
  batchId: string;
  /** Last status seen; `null` if it is not known. */
  status: string | null;
  /** Jobs of the batch that are known and may still be running. */
  knownJobs?: JobReference[];
}

/** What one step of a stop has done. */
export interface StepOutcome {
  /** For the message of the run's failure; `null` if there is nothing to say. */
  text: string | null;
  /** Whether something may go on in LlamaCloud, and cost credits. */
  isIncomplete: boolean;
}

/** How long to wait while the results are `null`, in milliseconds: without them no job is known, and no document. */
const RESULTS_WAIT_MS = 60_000;

/**
 * How long to wait until each file has a job or an error, in milliseconds. After a CANCELLED batch most never get one, and a person waits
 * for the run to end. After a COMPLETED batch they do, and each job costs money.
 */
const UNMAPPED_WAIT_MS = { cancelled: 5_000, completed: 30_000 };

/**
 * Cancels the batch, unless it has ended. If no worker was there to try it in time, it is tried again.
 *
 * @returns Its status: the last one seen if it could not be cancelled.
 */
export async function cancelRemoteBatch(
  { scope, batchId, status }: BatchToCancel,
  deadlineMs: number,
): Promise<StepOutcome & { text: string; status: string | null }> {
  if (status !== null && isTerminal(status)) return toEnded(status);
  for (let repeats = 0; ; repeats++) {
    const options = { summary: `Cancel batch ${batchId}`, scheduleToCloseTimeout: remainingMs(deadlineMs) };
    try {
      return toEnded(await cancelBatch.executeWithOptions(options, [{ ...scope, batchId }]));
    } catch (error) {
      const text = logFailedStep('the batch could not be cancelled', error, { batchId });
      if (repeats >= MAX_REPEATS || !wasNeverStarted(error)) return { status, text, isIncomplete: true };
    }
  }
}

const MAX_REPEATS = 3;

/** Whether an activity has timed out, and Temporal names no worker that has taken it. */
function wasNeverStarted(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && !error.identity;
}

function toEnded(status: string) {
  return { status, text: `the batch is ${status}`, isIncomplete: false };
}

/**
 * Cancels the jobs individually, also after the batch could not be cancelled. In LlamaCloud a batch can end before its jobs do. It then
 * can't be cancelled, but its jobs can. Jobs that go on cost credits.
 *
 * @param resultsGraceMs Upper bound on the wait for results, and for files that have no job yet.
 */
export async function cancelRemoteJobs(
  { scope, directoryId, batchId, status, knownJobs = [] }: BatchToCancel,
  deadlineMs: number,
  resultsGraceMs = Number.POSITIVE_INFINITY,
): Promise<StepOutcome & { hasResults: boolean }> {
  const timeoutMs = remainingMs(deadlineMs);
  const options = {
    summary: `Cancel the jobs of batch ${batchId}`,
    scheduleToCloseTimeout: timeoutMs,
    // One attempt may cancel a thousand jobs.
    startToCloseTimeout: timeoutMs,
  };
  const unmappedWaitMs = status === 'COMPLETED' ? UNMAPPED_WAIT_MS.completed : UNMAPPED_WAIT_MS.cancelled;
  const input = {
    ...scope,
    batchId,
    directoryId,
    knownJobs,
    resultsWaitMs: Math.min(RESULTS_WAIT_MS, resultsGraceMs),
    unmappedWaitMs: Math.min(unmappedWaitMs, resultsGraceMs),
  };
  try {
    const jobs = await cancelJobs.executeWithOptions(options, [input]);
    // Most files of a CANCELLED batch that have no job get none, and a batch that is cancelled at once may never have results.
    const isIncomplete = jobs.notCancelled.length > 0 || (status !== 'CANCELLED' && jobs.filesWithoutJob !== 0);
    return { text: describeJobs(jobs), isIncomplete, hasResults: jobs.filesWithoutJob !== null };
  } catch (error) {
    const hasResults = status === 'CANCELLED' || status === 'COMPLETED';
    const text = logFailedStep('the jobs of the batch could not all be cancelled', error, { batchId });
    return { text, isIncomplete: true, hasResults };
  }
}

function describeJobs({ cancelled, notCancelled, filesWithoutJob }: CancelledJobs): string | null {
  const parts = [
    cancelled > 0 ? `${cancelled} jobs of the batch were cancelled` : null,
    notCancelled.length > 0 ? `${notCancelled.length} jobs could not be cancelled (${joinFirst(notCancelled)})` : null,
    describeFilesWithoutJob(filesWithoutJob),
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join('; ');
}

function describeFilesWithoutJob(count: number | null): string | null {
  if (count === null)
    return 'LlamaCloud returned no results, so other jobs of the batch, if any, could not be cancelled';
  return count === 0 ? null : `${count} files had no job when the run stopped; a job created later is not cancelled`;
}

/** The first four ids: a failure's message has no room for more. The activity's result has all. */
function joinFirst(jobIds: readonly string[]): string {
  return jobIds.length > 4 ? `${jobIds.slice(0, 4).join(', ')}, …` : jobIds.join(', ');
}

/** Logs and describes a step that failed. The other steps go on. */
export function logFailedStep(what: string, error: unknown, context: Record<string, unknown>): string {
  if (!isTemporalFailure(error)) throw error;
  const message = isCancellation(error) ? 'there was no more time' : cleanText(rootFailure(error).message);
  log.error(`While the run was ending, ${what}`, { ...context, message });
  return `${what}: ${message}`;
}

/** For a `scheduleToCloseTimeout`: each step gets half a minute even if the earlier ones, or a time without workers, took all the time. */
export function remainingMs(deadlineMs: number): number {
  return Math.max(MIN_STEP_MS, deadlineMs - Date.now());
}

const MIN_STEP_MS = 30_000;
