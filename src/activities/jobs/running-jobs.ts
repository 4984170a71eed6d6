import { type CallOptions, HttpStatusError, type JobReference } from '../../llamacloud/index.js';
import { chunk, isTerminal, JOB_TYPES, MAX_JOBS_PER_REQUEST } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import type { Attempt } from '../support/run-attempt.js';
import { listEndedJobs } from './ended-jobs.js';
import { isTimeShort, paceJobs } from './pace-jobs.js';

/**
 * The jobs that the list does not show as ended. A job that is missing from the list, however long, may run and cost credits. To cancel
 * a job that has ended changes nothing.
 *
 * @throws HttpStatusError for a 429, if there is time for another attempt.
 */
export async function findRunning(
  deps: ActivityDeps,
  jobs: readonly JobReference[],
  attempt: Attempt,
  scope: CallOptions,
): Promise<JobReference[]> {
  const running: JobReference[] = [];
  for (const type of JOB_TYPES) {
    const jobsOfType = jobs.filter((job) => job.type === type);
    for (const listed of chunk(jobsOfType, MAX_JOBS_PER_REQUEST)) {
      const jobIds = listed.map(({ id }) => id);
      const found = await listEndedJobs(deps, { type, jobIds }, scope).catch((error: unknown) => {
        if (isRateLimited(error) && !isTimeShort(attempt)) throw error;
        return undefined;
      });
      attempt.signal.throwIfAborted();
      const ended = new Set(found?.ended);
      running.push(...listed.filter(({ id }) => !ended.has(id)));
    }
  }
  return running;
}

/**
 * Of the jobs that LlamaCloud refused to cancel, the ids of those that still run. A refusal may also mean that the job had ended. Each job
 * is read individually, since the list may be out of date. A job that can't be read counts as running.
 */
export async function findStillRunning(
  deps: ActivityDeps,
  jobs: readonly JobReference[],
  attempt: Attempt,
  scope: CallOptions,
): Promise<string[]> {
  const running = new Set((await findRunning(deps, jobs, attempt, scope)).map(({ id }) => id));
  const unclear = jobs.filter(({ id }) => running.has(id));
  for await (const read of paceJobs(deps, unclear, attempt)) {
    const results = await Promise.allSettled(read.map((job) => deps.llamacloud.getJob(job, scope)));
    attempt.signal.throwIfAborted();
    for (const [index, { id }] of read.entries()) {
      const result = results[index];
      if (result?.status === 'fulfilled' && isTerminal(result.value.job.status)) running.delete(id);
    }
  }
  return [...running];
}

export function isRateLimited(error: unknown): boolean {
  return error instanceof HttpStatusError && error.status === 429;
}
