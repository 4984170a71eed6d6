/** How `redriveJob` finds the job of a lost response, or one that an earlier run has made. */
import type { ActivityOptions } from '@temporalio/common';
import { ActivityFailure, isCancellation } from '@temporalio/workflow';
import type { OpenedRedrive, RedrivenJob } from '../../activities/types.js';
import { isTerminal, type RedriveJobInput } from '../../protocol/index.js';
import { findRedrivenJobs } from '../shared/activities.js';

/** Plain JSON: continue-as-new carries it. */
export interface RedriveState {
  /** `null` until the failed job is read. */
  opened: OpenedRedrive | null;
  /** Jobs that were CANCELLED before the first POST: they are not taken. */
  cancelledIds: string[];
  hasPosted: boolean;
  /** Whether a POST may have created a job whose id is not known. */
  mayHaveCreatedJob: boolean;
  /** Whether the last POST may have created one. Then looking for it means to wait, since the list may not show it yet. */
  waitForList: boolean;
  /** POSTs that may each have created a job, and whose job the list does not show. */
  lostPosts: number;
  jobId: string | null;
}

export function newRedriveState(): RedriveState {
  return {
    opened: null,
    cancelledIds: [],
    hasPosted: false,
    mayHaveCreatedJob: false,
    waitForList: false,
    lostPosts: 0,
    jobId: null,
  };
}

/** What the activities know the file by. */
export function toFile({ scope, fileId, job, jobIds }: RedriveJobInput, { fileInput }: OpenedRedrive) {
  return { scope, fileId, job, batchJobId: jobIds[0] ?? '', fileInput };
}

/**
 * Finds a job that was made in place of the failed one: one that is COMPLETED or runs, or else the newest that FAILED, so that it counts. Before the
 * first POST a CANCELLED one is left alone: it belongs to a run that was stopped.
 *
 * @param wait Wait until LlamaCloud's list would show it. Otherwise the list is read once.
 */
export async function findNewJob(
  input: RedriveJobInput,
  opened: OpenedRedrive,
  state: RedriveState,
  wait: boolean,
  options: ActivityOptions = {},
  isStopping = false,
): Promise<string | null> {
  const knownIds = [...input.jobIds, ...state.cancelledIds];
  const { createdAt } = opened;
  const jobs = await findRedrivenJobs.executeWithOptions(
    { summary: `Look for a job in place of ${input.jobIds.at(-1)}`, ...options },
    [{ ...toFile(input, opened), createdAt, knownIds, wait, ...(isStopping && { isStopping }) }],
  );
  if (!state.hasPosted) state.cancelledIds.push(...jobs.filter(isCancelled).map(({ id }) => id));
  const found =
    jobs.findLast(({ status }) => status === 'COMPLETED' || !isTerminal(status)) ??
    jobs.findLast(({ status }) => status === 'FAILED') ??
    (state.hasPosted ? jobs.at(-1) : undefined);
  return found?.id ?? null;
}

function isCancelled({ status }: RedrivenJob): boolean {
  return status === 'CANCELLED';
}

/** How long the lock is kept for a list that does not respond, in milliseconds. */
const LISTED_TIMEOUT_MS = 3 * 60_000;

/** Keeps the lock until LlamaCloud's list shows the job, which the next `redriveJob` has to see. Ends after some minutes: a list that never does must not hold up the run. */
export async function keepLockUntilListed(
  input: RedriveJobInput,
  opened: OpenedRedrive,
  state: RedriveState,
): Promise<void> {
  if (!state.hasPosted || state.jobId === null) return;
  const options = { summary: 'Wait until the list shows the job', scheduleToCloseTimeout: LISTED_TIMEOUT_MS };
  const knownIds = [...input.jobIds, ...state.cancelledIds];
  const { createdAt } = opened;
  try {
    await findRedrivenJobs.executeWithOptions(options, [
      { ...toFile(input, opened), createdAt, knownIds, expectedId: state.jobId, wait: true },
    ]);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  }
}
