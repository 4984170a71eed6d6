import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Batch, CallOptions, JobReference } from '../../llamacloud/index.js';
import { type ApiScope, DEFAULT_POLL, JOB_TYPES } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { type DirectoryFiles, FILES_NOT_READ, readDirectoryFiles } from '../results/directory-files.js';
import { isUnmapped, toCompleteRows } from '../results/result-rows.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { type Attempt, runAttempt } from '../support/run-attempt.js';
import { isRejected } from '../support/to-failure.js';
import { isTimeShort, paceJobs } from './pace-jobs.js';
import { findRunning, findStillRunning, isRateLimited } from './running-jobs.js';

export interface CancelJobsInput extends ApiScope {
  batchId: string;
  directoryId: string;
  /** Jobs of the batch that the run knows: the results may be `null` again. */
  knownJobs: JobReference[];
  /** How long to wait while the results are `null`, in milliseconds. */
  resultsWaitMs: number;
  /** How long to wait for the jobs of files that have none yet, in milliseconds. */
  unmappedWaitMs: number;
}

export interface CancelledJobs {
  /** Number of jobs that LlamaCloud agreed to cancel. */
  cancelled: number;
  /**
   * Ids of the jobs that may still run: LlamaCloud refused to cancel them, their cancel failed until the end, there was no time to ask,
   * or their type is unknown.
   */
  notCancelled: string[];
  /** Number of files that still had neither a job nor an error. `null`: LlamaCloud returned no results, so it is not known. */
  filesWithoutJob: number | null;
}

/** What one attempt passes on to the next, so that a job is usually not cancelled twice. */
const progressSchema = z.object({
  cancelled: z.array(z.string()),
  refused: z.array(z.object({ id: z.string(), type: z.enum(JOB_TYPES) })),
  /** Ids of the jobs that are not cancelled yet. */
  open: z.array(z.string()),
  filesWithoutJob: z.number().nullable(),
  /** When the batch was first read, epoch milliseconds: an outage before that is no wait for results. */
  readSinceMs: z.number().nullable(),
});
type Progress = z.infer<typeof progressSchema>;

/** Time before the deadline at which it returns what is known, in milliseconds: Temporal drops a later result. */
const RESERVE_MS = 10_000;

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
    const run = async (attempt: Attempt) => {
      const saved = progressSchema.safeParse(attempt.progress).data;
      if (saved !== undefined && isTimeShort(attempt)) return toKnownResult(saved);
      const scope = { projectId, organizationId, signal: attempt.signal };
      const { batch, readFailure } = await readBatch(deps, batchId, scope);
      const progress = saved ?? { cancelled: [], refused: [], open: [], filesWithoutJob: null, readSinceMs: null };
      if (readFailure === undefined) progress.readSinceMs ??= attempt.nowMs;
      progress.filesWithoutJob = countFilesWithoutJob(batch, FILES_NOT_READ);
      attempt.saveProgress(progress);
      const { jobs, unknownTypeIds } = toJobs(batch, input.knownJobs, progress);
      progress.open = [...unknownTypeIds, ...jobs.map(({ id }) => id)];
      const running = await findRunning(deps, jobs, attempt, scope);
      progress.open = [...unknownTypeIds, ...running.map(({ id }) => id)];
      const failure = await cancelRunning(deps, running, progress, attempt, scope);
      if (isTimeShort(attempt)) return toKnownResult(progress);
      if (failure !== undefined) throw failure.reason;
      if (readFailure !== undefined) throw readFailure.reason;
      const files = batch.results == null ? FILES_NOT_READ : await readAllFiles(deps, input, attempt);
      progress.filesWithoutJob = countFilesWithoutJob(batch, files);
      const waitedMs = attempt.nowMs - (progress.readSinceMs ?? attempt.nowMs);
      const missing = describeMissing(progress.filesWithoutJob, files);
      const waitMs = progress.filesWithoutJob === null ? input.resultsWaitMs : input.unmappedWaitMs;
      if (missing !== undefined && waitedMs < waitMs) {
        throw new NotReady('BatchNotReady', `batch ${batchId} ${missing}`, pollDelayMs(DEFAULT_POLL, waitedMs));
      }
      const refused = await findStillRunning(deps, progress.refused, attempt, scope);
      return { ...toKnownResult(progress), notCancelled: [...progress.open, ...refused] };
    };
    return runAttempt('cancel', `jobs of batch ${batchId}`, run, RESERVE_MS);
  };
}

type ResultsOfBatch = Pick<Batch, 'results' | 'created_at'>;

/** A batch that can't be read is as one without results: the jobs that the run knows are cancelled all the same. */
async function readBatch(
  { llamacloud }: ActivityDeps,
  batchId: string,
  scope: CallOptions & { signal: AbortSignal },
): Promise<{ batch: ResultsOfBatch; readFailure?: { reason: unknown } }> {
  try {
    return { batch: await llamacloud.getBatch(batchId, { ...scope, expand: ['results'] }) };
  } catch (reason) {
    scope.signal.throwIfAborted();
    return { batch: { results: null }, readFailure: { reason } };
  }
}

/** What is known without another request. A job that LlamaCloud refused to cancel may have ended. */
function toKnownResult({ cancelled, refused, open, filesWithoutJob }: Progress): CancelledJobs {
  return { cancelled: cancelled.length, notCancelled: [...open, ...refused.map(({ id }) => id)], filesWithoutJob };
}

function countFilesWithoutJob(batch: ResultsOfBatch, files: DirectoryFiles): number | null {
  return toCompleteRows(batch, files)?.filter(isUnmapped).length ?? null;
}

/** Says why there may be jobs that are not known yet; `undefined` if all are known. */
function describeMissing(filesWithoutJob: number | null, { isComplete }: DirectoryFiles): string | undefined {
  if (filesWithoutJob === null) return 'has no results yet';
  if (filesWithoutJob > 0) return `has ${filesWithoutJob} files without a job`;
  return isComplete ? undefined : 'may have more files: not all of its files are known';
}

/** The jobs to cancel, without those that were handled before. Results may be repeated, so each job is taken once. */
function toJobs({ results }: ResultsOfBatch, knownJobs: readonly JobReference[], { cancelled, refused }: Progress) {
  const handled = new Set([...cancelled, ...refused.map(({ id }) => id)]);
  const jobs: JobReference[] = [];
  const unknownTypeIds: string[] = [];
  for (const job of [...(results ?? []).flatMap((result) => result.job_reference ?? []), ...knownJobs]) {
    if (handled.has(job.id)) continue;
    handled.add(job.id);
    const type = JOB_TYPES.find((supported) => supported === job.type);
    if (type === undefined) unknownTypeIds.push(job.id);
    else jobs.push({ id: job.id, type });
  }
  return { jobs, unknownTypeIds };
}

/**
 * Cancels jobs, and saves which are done. After a 429 no more are asked. Any other failure may be of one job only, so it does not keep
 * the others from being asked.
 *
 * @returns The first failure, or the 429. The next attempt lists the jobs, which shows whether a cancel took effect, and asks again
 * for those that run.
 */
async function cancelRunning(
  deps: ActivityDeps,
  jobs: readonly JobReference[],
  progress: Progress,
  attempt: Attempt,
  scope: CallOptions,
): Promise<PromiseRejectedResult | undefined> {
  let failure: PromiseRejectedResult | undefined;
  for await (const asked of paceJobs(deps, jobs, attempt)) {
    const outcomes = await Promise.allSettled(asked.map((job) => deps.llamacloud.cancelJob(job, scope)));
    attempt.signal.throwIfAborted();
    for (const [index, job] of asked.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === 'fulfilled') progress.cancelled.push(job.id);
      else if (isRejected(outcome?.reason, 'cancel')) progress.refused.push(job);
      else failure ??= outcome;
    }
    const handled = new Set([...progress.cancelled, ...progress.refused.map(({ id }) => id)]);
    progress.open = progress.open.filter((id) => !handled.has(id));
    attempt.saveProgress(progress);
    const rateLimited = outcomes.find((outcome) => outcome.status === 'rejected' && isRateLimited(outcome.reason));
    if (rateLimited?.status === 'rejected') return rateLimited;
  }
  return failure;
}

/** All files of the directory, as far as they can be read. With a request limit `readDirectoryFiles` reads one page. */
async function readAllFiles(deps: ActivityDeps, input: CancelJobsInput, attempt: Attempt): Promise<DirectoryFiles> {
  let files = FILES_NOT_READ;
  do {
    await sleep(1_000 / (deps.requestsPerSecond ?? Number.POSITIVE_INFINITY), undefined, { signal: attempt.signal });
    files = await readDirectoryFiles(deps, input, attempt.signal, Number.POSITIVE_INFINITY, files);
  } while (files.nextPageToken !== undefined && !isTimeShort(attempt));
  return files;
}
