import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type CallOptions, HttpStatusError, type JobReference } from '../../llamacloud/index.js';
import {
  type ApiScope,
  chunk,
  DEFAULT_POLL,
  isTerminal,
  JOB_TYPES,
  MAX_JOBS_PER_REQUEST,
} from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { NO_FILES, readFileNames } from '../results/file-names.js';
import { isUnmapped, toCompleteRows } from '../results/result-rows.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { type Attempt, runAttempt } from '../support/run-attempt.js';
import { listEndedJobs } from './ended-jobs.js';

export interface CancelJobsInput extends ApiScope {
  batchId: string;
  directoryId: string;
  /** How long files that have no job yet, and results that are not there yet, are waited for, in milliseconds. */
  waitMs: number;
}

export interface CancelledJobs {
  /** Jobs that were asked to stop. */
  cancelled: number;
  /** Ids of the jobs that LlamaCloud would not cancel although they had not ended. */
  refused: string[];
  /** Files that had neither a job nor an error until the end, or no row; `null` where there were no results at all. */
  unmapped: number | null;
}

/** What one attempt leaves for the next: a job is asked to stop once. */
const progressSchema = z.object({
  asked: z.array(z.string()),
  refused: z.array(z.object({ id: z.string(), type: z.enum(JOB_TYPES) })),
});
type Progress = z.infer<typeof progressSchema>;

const CONCURRENT_REQUESTS = 10;

/**
 * Cancels the jobs of a batch that has ended and so can't be cancelled itself any more: they go on, and are paid for. A file that
 * gets its job late is waited for.
 *
 * `GET /api/v2/batches/{id}?expand=results`, the lists of jobs, and `POST /api/v2/parse/{id}/cancel` or `/extract/{id}/cancel`.
 */
export function cancelJobs(deps: ActivityDeps) {
  return (input: CancelJobsInput): Promise<CancelledJobs> => {
    const { batchId, projectId, organizationId } = input;
    return runAttempt('cancel', `jobs of batch ${batchId}`, async (attempt) => {
      const scope = { projectId, organizationId, signal: attempt.signal };
      const progress = progressSchema.safeParse(attempt.progress).data ?? { asked: [], refused: [] };
      const batch = await deps.llamacloud.getBatch(batchId, { ...scope, expand: ['results'] });
      const running = await withoutEnded(deps, toJobs(batch.results ?? [], progress), attempt, scope);
      for (const jobs of chunk(running, deps.requestsPerSecond === undefined ? CONCURRENT_REQUESTS : 1)) {
        await cancelAll(deps, jobs, progress, attempt, scope);
      }
      const mayWait = attempt.ageMs < input.waitMs && attempt.remainingMs > LAST_POLL_MS;
      const files =
        batch.results == null || attempt.remainingMs <= LAST_POLL_MS
          ? NO_FILES
          : await readFileNames(deps, input, attempt.signal, Number.POSITIVE_INFINITY);
      const unmapped = toCompleteRows(batch, files)?.filter(isUnmapped).length ?? null;
      if (unmapped !== 0 && mayWait) {
        const missing = unmapped === null ? 'has no results yet' : `has ${unmapped} files without a job`;
        throw new NotReady('BatchNotReady', `batch ${batchId} ${missing}`, pollDelayMs(DEFAULT_POLL, attempt.ageMs));
      }
      const refused = await stillRunning(deps, progress.refused, attempt, scope);
      return { cancelled: progress.asked.length, refused, unmapped };
    });
  };
}

/** Less is left for another poll: say what is known now. */
const LAST_POLL_MS = 5_000;

interface ResultWithJob {
  job_reference?: { id: string; type: string } | null | undefined;
}

/** The jobs of these rows that were not asked to stop yet, each once: rows are repeated. */
function toJobs(results: readonly ResultWithJob[], { asked, refused }: Progress): JobReference[] {
  const done = new Set([...asked, ...refused.map(({ id }) => id)]);
  return results.flatMap(({ job_reference: job }) => {
    const type = JOB_TYPES.find((each) => each === job?.type);
    if (job == null || type === undefined || done.has(job.id)) return [];
    done.add(job.id);
    return [{ id: job.id, type }];
  });
}

/**
 * Those of the jobs that have not ended. Where the list can't say which have, all of them: cancelling those changes nothing.
 *
 * @throws HttpStatusError where LlamaCloud asks for fewer requests, while there is time for another attempt.
 */
async function withoutEnded(
  deps: ActivityDeps,
  jobs: readonly JobReference[],
  { ageMs, remainingMs, signal }: Attempt,
  scope: CallOptions,
): Promise<JobReference[]> {
  const running: JobReference[] = [];
  for (const type of JOB_TYPES) {
    const own = jobs.filter((job) => job.type === type);
    for (const some of chunk(own, MAX_JOBS_PER_REQUEST)) {
      const listed = listEndedJobs(deps, { type, jobIds: some.map(({ id }) => id) }, ageMs, scope);
      const ended = new Set(
        await listed.catch((error: unknown) => {
          if (error instanceof HttpStatusError && error.status === 429 && remainingMs > LAST_POLL_MS) throw error;
          return [];
        }),
      );
      signal.throwIfAborted();
      running.push(...some.filter(({ id }) => !ended.has(id)));
    }
  }
  return running;
}

/** One portion after the other, so that none is sent after a failure: that attempt is over, and the next one goes on. */
async function cancelAll(
  { llamacloud, requestsPerSecond }: ActivityDeps,
  jobs: readonly JobReference[],
  progress: Progress,
  { signal, saveProgress }: Attempt,
  scope: CallOptions,
): Promise<void> {
  if (requestsPerSecond !== undefined) await sleep(1_000 / requestsPerSecond, undefined, { signal });
  const requests = jobs.map((job) => llamacloud.cancelJob(job, scope));
  const answers = await Promise.allSettled(requests);
  for (const [index, job] of jobs.entries()) {
    const answer = answers[index];
    if (answer?.status === 'fulfilled') progress.asked.push(job.id);
    else if (isRefused(answer?.reason)) progress.refused.push(job);
  }
  saveProgress(progress);
  const failed = answers.find((answer) => answer.status === 'rejected' && !isRefused(answer.reason));
  if (failed?.status === 'rejected') throw failed.reason;
}

/**
 * A job that ended meanwhile can't be cancelled: that is no refusal. Each is asked by itself, since the list may not know; one that
 * can't be asked counts as running.
 */
async function stillRunning(
  deps: ActivityDeps,
  jobs: readonly JobReference[],
  attempt: Attempt,
  scope: CallOptions,
): Promise<string[]> {
  const running: string[] = [];
  for (const job of await withoutEnded(deps, jobs, attempt, scope)) {
    const status = await deps.llamacloud.getJob(job, scope).then(
      (result) => result.job.status,
      () => undefined,
    );
    attempt.signal.throwIfAborted();
    if (status === undefined || !isTerminal(status)) running.push(job.id);
  }
  return running;
}

/** LlamaCloud will not cancel this job, however often it is asked. */
function isRefused(error: unknown): boolean {
  return error instanceof HttpStatusError && [400, 404, 409, 422].includes(error.status);
}
