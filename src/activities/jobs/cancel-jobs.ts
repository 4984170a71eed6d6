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
import { FILES_NOT_READ, readDirectoryFiles } from '../results/directory-files.js';
import { isUnmapped, toCompleteRows } from '../results/result-rows.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { type Attempt, runAttempt } from '../support/run-attempt.js';
import { listEndedJobs } from './ended-jobs.js';

export interface CancelJobsInput extends ApiScope {
  batchId: string;
  directoryId: string;
  /** How long to wait for results, and for the jobs of files that have none yet, in milliseconds. */
  waitMs: number;
}

export interface CancelledJobs {
  /** Number of jobs that LlamaCloud agreed to cancel. */
  cancelled: number;
  /** Ids of the jobs that LlamaCloud refused to cancel, and that still run. */
  refused: string[];
  /** Number of files that still had neither a job nor an error. `null`: LlamaCloud returned no results, so it is not known. */
  filesWithoutJob: number | null;
}

/** What one attempt passes on to the next, so that a job is usually not cancelled twice. */
const progressSchema = z.object({
  cancelled: z.array(z.string()),
  refused: z.array(z.object({ id: z.string(), type: z.enum(JOB_TYPES) })),
  /** When the batch was first read, epoch milliseconds: an outage before that is no wait for results. */
  readSinceMs: z.number(),
});
type Progress = z.infer<typeof progressSchema>;

function toNewProgress(readSinceMs: number): Progress {
  return { cancelled: [], refused: [], readSinceMs };
}

const CONCURRENT_REQUESTS = 10;

/**
 * Cancels the jobs of a batch individually, 10 at a time. In LlamaCloud a batch can end before its jobs do. It then can't be cancelled,
 * but its jobs can. Jobs that go on cost credits. The batch may also be RUNNING, if its own cancel failed before. Waits for files that
 * get their job late.
 *
 * `GET /api/v2/batches/{id}?expand=results`, `GET /api/v1/beta/directories/{id}/files`, `GET /api/v2/parse?job_ids=...` and
 * `POST /api/v2/parse/{id}/cancel`; `GET /api/v2/parse/{id}` for a job whose cancel was refused. For extract jobs, `/api/v2/extract`.
 */
export function cancelJobs(deps: ActivityDeps) {
  return (input: CancelJobsInput): Promise<CancelledJobs> => {
    const { batchId, projectId, organizationId } = input;
    return runAttempt('cancel', `jobs of batch ${batchId}`, async (attempt) => {
      const scope = { projectId, organizationId, signal: attempt.signal };
      const batch = await deps.llamacloud.getBatch(batchId, { ...scope, expand: ['results'] });
      const progress = progressSchema.safeParse(attempt.progress).data ?? toNewProgress(attempt.nowMs);
      attempt.saveProgress(progress);
      const running = await findRunning(deps, toJobs(batch.results ?? [], progress), attempt, scope);
      for (const jobs of chunk(running, deps.requestsPerSecond === undefined ? CONCURRENT_REQUESTS : 1)) {
        await cancelChunk(deps, jobs, progress, attempt, scope);
      }
      const waitedMs = attempt.nowMs - progress.readSinceMs;
      const mayWait = waitedMs < input.waitMs && attempt.remainingMs > MIN_REMAINING_MS;
      const files =
        batch.results == null || attempt.remainingMs <= MIN_REMAINING_MS
          ? FILES_NOT_READ
          : await readDirectoryFiles(deps, input, attempt.signal, Number.POSITIVE_INFINITY);
      const filesWithoutJob = toCompleteRows(batch, files)?.filter(isUnmapped).length ?? null;
      if (filesWithoutJob !== 0 && mayWait) {
        const missing = filesWithoutJob === null ? 'has no results yet' : `has ${filesWithoutJob} files without a job`;
        throw new NotReady('BatchNotReady', `batch ${batchId} ${missing}`, pollDelayMs(DEFAULT_POLL, waitedMs));
      }
      const refused = await findStillRunning(deps, progress.refused, attempt, scope);
      return { cancelled: progress.cancelled.length, refused, filesWithoutJob };
    });
  };
}

/** With less time left, do not poll again: return what is known. In milliseconds. */
const MIN_REMAINING_MS = 5_000;

interface ResultWithJob {
  job_reference?: { id: string; type: string } | null | undefined;
}

/** The jobs of the results, without those that were handled before. Results may be repeated, so each job is taken once. */
function toJobs(results: readonly ResultWithJob[], { cancelled, refused }: Progress): JobReference[] {
  const handled = new Set([...cancelled, ...refused.map(({ id }) => id)]);
  return results.flatMap(({ job_reference: job }) => {
    const type = JOB_TYPES.find((supported) => supported === job?.type);
    if (job == null || type === undefined || handled.has(job.id)) return [];
    handled.add(job.id);
    return [{ id: job.id, type }];
  });
}

/**
 * The jobs that the list does not show as ended. A job that is missing from the list, however long, may run and cost credits. To cancel
 * a job that has ended changes nothing.
 *
 * @throws HttpStatusError for a 429, if there is time for another attempt.
 */
async function findRunning(
  deps: ActivityDeps,
  jobs: readonly JobReference[],
  { remainingMs, signal }: Attempt,
  scope: CallOptions,
): Promise<JobReference[]> {
  const running: JobReference[] = [];
  for (const type of JOB_TYPES) {
    const jobsOfType = jobs.filter((job) => job.type === type);
    for (const listed of chunk(jobsOfType, MAX_JOBS_PER_REQUEST)) {
      const jobIds = listed.map(({ id }) => id);
      const found = await listEndedJobs(deps, { type, jobIds }, scope).catch((error: unknown) => {
        if (error instanceof HttpStatusError && error.status === 429 && remainingMs > MIN_REMAINING_MS) throw error;
        return undefined;
      });
      signal.throwIfAborted();
      const ended = new Set(found?.ended);
      running.push(...listed.filter(({ id }) => !ended.has(id)));
    }
  }
  return running;
}

/**
 * Cancels the jobs of one chunk concurrently, and saves which are done. If a request failed, throws after all have settled: the later
 * chunks are left to the next attempt.
 */
async function cancelChunk(
  { llamacloud, requestsPerSecond }: ActivityDeps,
  jobs: readonly JobReference[],
  progress: Progress,
  { signal, saveProgress }: Attempt,
  scope: CallOptions,
): Promise<void> {
  if (requestsPerSecond !== undefined) await sleep(1_000 / requestsPerSecond, undefined, { signal });
  const requests = jobs.map((job) => llamacloud.cancelJob(job, scope));
  const outcomes = await Promise.allSettled(requests);
  for (const [index, job] of jobs.entries()) {
    const outcome = outcomes[index];
    if (outcome?.status === 'fulfilled') progress.cancelled.push(job.id);
    else if (isRefused(outcome?.reason)) progress.refused.push(job);
  }
  saveProgress(progress);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected' && !isRefused(outcome.reason));
  if (failed?.status === 'rejected') throw failed.reason;
}

/**
 * Of the jobs that LlamaCloud refused to cancel, those that still run. A refusal may also mean that the job had ended. Those are left
 * out. Each job is read individually, since the list may be out of date. A job that can't be read counts as running.
 */
async function findStillRunning(
  deps: ActivityDeps,
  jobs: readonly JobReference[],
  attempt: Attempt,
  scope: CallOptions,
): Promise<string[]> {
  const running: string[] = [];
  for (const job of await findRunning(deps, jobs, attempt, scope)) {
    const status = await deps.llamacloud.getJob(job, scope).then(
      (result) => result.job.status,
      () => undefined,
    );
    attempt.signal.throwIfAborted();
    if (status === undefined || !isTerminal(status)) running.push(job.id);
  }
  return running;
}

/** LlamaCloud rejects the request, and would reject it again. */
function isRefused(error: unknown): boolean {
  return error instanceof HttpStatusError && [400, 404, 409, 422].includes(error.status);
}
