import { z } from 'zod';
import type { ApiScope, ResolvedPoll } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { runAttempt } from '../support/run-attempt.js';
import { type JobsToList, listEndedJobs } from './ended-jobs.js';

export interface WaitForJobsInput extends ApiScope, JobsToList {
  /** When these jobs were first waited for, epoch milliseconds. */
  sinceMs: number;
  /** When they were last polled: the first attempt waits for its turn. `null`: it polls at once. */
  lastPolledAtMs: number | null;
  /** Until when they are waited for, epoch milliseconds. */
  deadlineMs: number;
  poll: ResolvedPoll;
}

export interface EndedJobs {
  /** Ids of the jobs that have ended. */
  ended: string[];
  /** Set where the others can't be listed, or have no more time: each of them is to be polled by itself. */
  pollIndividually: boolean;
}

/** The list is a help: after 15 minutes of failures, jobs are polled individually. */
const RETRY_LIST_FOR_MS = 15 * 60_000;

/** When the list first failed, epoch milliseconds: for the next attempt. */
const progressSchema = z.object({ failingSinceMs: z.number() });

const POLL_INDIVIDUALLY: EndedJobs = { ended: [], pollIndividually: true };

/**
 * Step 7: polls at most 100 jobs by one request, and returns those that have ended. Until there is one it throws a benign
 * `JobNotReady`: as with the batch itself, Temporal's server does the waiting, at no history.
 *
 * `GET /api/v2/parse?job_ids=...` or `GET /api/v2/extract?job_ids=...`.
 */
export function waitForJobs(deps: ActivityDeps) {
  return (input: WaitForJobsInput): Promise<EndedJobs> => {
    const { jobIds, sinceMs, poll, projectId, organizationId } = input;
    return runAttempt('read', `${jobIds.length} jobs`, async ({ nowMs, signal, isFirst, progress, saveProgress }) => {
      const waitedMs = Math.max(0, nowMs - sinceMs);
      const leftMs = input.deadlineMs - nowMs;
      if (leftMs <= 0) return POLL_INDIVIDUALLY;
      const delayMs = pollDelayMs(poll, waitedMs);
      const notReady = (ms: number) =>
        new NotReady('JobNotReady', `${jobIds.length} jobs have not ended`, Math.min(leftMs, ms));
      const dueMs = (input.lastPolledAtMs ?? 0) + delayMs - nowMs;
      if (isFirst && dueMs > 0) throw notReady(dueMs);
      try {
        const ended = await listEndedJobs(deps, input, waitedMs, { projectId, organizationId, signal });
        if (ended === undefined) return POLL_INDIVIDUALLY;
        if (ended.length > 0) return { ended, pollIndividually: false };
      } catch (error) {
        if (signal.aborted) throw error;
        const { failingSinceMs } = progressSchema.safeParse(progress).data ?? { failingSinceMs: nowMs };
        if (nowMs - failingSinceMs >= RETRY_LIST_FOR_MS) return POLL_INDIVIDUALLY;
        saveProgress({ failingSinceMs });
        throw error;
      }
      saveProgress(undefined);
      throw notReady(delayMs);
    });
  };
}
