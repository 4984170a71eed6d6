import { z } from 'zod';
import { type ApiScope, NOT_FOUND_GRACE_MS, type ResolvedPoll } from '../../protocol/index.js';
import { AccountPaused } from '../account/account-paused.js';
import type { ActivityDeps } from '../deps.js';
import { msUntilNextPoll } from '../support/next-poll.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { runAttempt } from '../support/run-attempt.js';
import { type JobsToList, listEndedJobs } from './ended-jobs.js';

export interface WaitForJobsInput extends ApiScope, JobsToList {
  /** When the run began to wait for these jobs, epoch milliseconds. */
  sinceMs: number;
  /** When an earlier activity last polled them, epoch milliseconds. `null`: not yet, so the first attempt polls immediately. */
  lastPolledAtMs: number | null;
  /** When to stop waiting, epoch milliseconds. */
  deadlineMs: number;
  poll: ResolvedPoll;
}

export interface EndedJobs {
  /** Ids of the jobs that have ended. */
  ended: string[];
  /** The other jobs can't be listed, the list lacks all of them, or their time is up: poll each of them individually. */
  pollIndividually: boolean;
}

/** After 15 minutes of list failures, jobs are polled individually. */
const RETRY_LIST_FOR_MS = 15 * 60_000;

/** What one attempt passes on to the next: since when the list has failed, epoch milliseconds. */
const progressSchema = z.object({ failingSinceMs: z.number() });

const POLL_INDIVIDUALLY: EndedJobs = { ended: [], pollIndividually: true };

/**
 * Step 7: polls up to 100 jobs with one request, and returns those that have ended. While none has, it throws a benign, retryable
 * `JobNotReady`: Temporal's server does the waiting, which adds nothing to the history.
 *
 * `GET /api/v2/parse?job_ids=...` or `GET /api/v2/extract?job_ids=...`.
 */
export function waitForJobs(deps: ActivityDeps) {
  return (input: WaitForJobsInput): Promise<EndedJobs> => {
    const { jobIds, sinceMs, poll, projectId, organizationId } = input;
    return runAttempt('read', `${jobIds.length} jobs`, async (attempt) => {
      const { nowMs, signal, progress, saveProgress } = attempt;
      const waitedMs = Math.max(0, nowMs - sinceMs);
      const leftMs = input.deadlineMs - nowMs;
      // After the deadline the list is asked once: the documents of the jobs that have ended are still collected.
      const isLastPoll = leftMs <= 0;
      const delayMs = pollDelayMs(poll, waitedMs);
      const notReady = (ms: number) =>
        new NotReady('JobNotReady', `${jobIds.length} jobs have not ended`, Math.min(leftMs, ms));
      const earlyMs = msUntilNextPoll(attempt, input.lastPolledAtMs, delayMs);
      if (earlyMs > 0 && !isLastPoll) throw notReady(earlyMs);
      try {
        const listed = await listEndedJobs(deps, input, { projectId, organizationId, signal });
        if (listed === undefined) return POLL_INDIVIDUALLY;
        if (listed.ended.length > 0 || isLastPoll) return { ended: listed.ended, pollIndividually: isLastPoll };
        // Not while others are listed: a child that polls a job takes the place of one that collects a document.
        const isNoneListed = listed.missing.length === jobIds.length;
        if (isNoneListed && waitedMs >= NOT_FOUND_GRACE_MS) return POLL_INDIVIDUALLY;
      } catch (error) {
        if (signal.aborted) throw error;
        const { failingSinceMs } = progressSchema.safeParse(progress).data ?? { failingSinceMs: nowMs };
        // A pause says nothing about the list.
        if (error instanceof AccountPaused && !isLastPoll) throw error;
        if (isLastPoll || nowMs - failingSinceMs >= RETRY_LIST_FOR_MS) return POLL_INDIVIDUALLY;
        saveProgress({ failingSinceMs });
        throw error;
      }
      saveProgress(undefined);
      throw notReady(delayMs);
    });
  };
}
