import { z } from 'zod';
import {
  type ApiScope,
  fromRanges,
  JOB_TYPES,
  type ResolvedPoll,
  SHORTEST_DELAY_MS,
  toRanges,
} from '../protocol/index.js';
import { type Attempt, attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { NotReady } from './not-ready.js';
import { pollDelayMs } from './poll.js';
import type { ResultsCursor } from './read-results.js';
import { digestOf, distinct, pageOf } from './results-page.js';
import { chunksOf, endedOf, jobOf, type RowJob } from './sweep.js';

export interface WatchJobsInput extends ApiScope {
  batchId: string;
  /** Which page of the results: where the page before ended, and how many rows it has. */
  cursor?: ResultsCursor;
  pageSize: number;
  /** Of the jobs of that page, from `readResults`. */
  digest: string;
  /** Rows of that page whose jobs had not ended, as ranges. Ids would be in history once a sweep. */
  pending: string;
  /** The jobs of those rows, where they are few enough for history: then the results need not be asked for again. */
  jobs?: RowJob[];
  /** When these jobs were first waited for, epoch milliseconds. */
  sinceMs: number;
  /** When they were last looked at: the first attempt then waits for its turn. Missing: it looks at once. */
  lookedMs?: number;
  /** Time for each job to end since then, in milliseconds. */
  jobTimeoutMs: number;
  poll: ResolvedPoll;
}

/** What a sweep found. */
export interface SweptJobs {
  /** Rows of the page whose jobs have ended, as ranges. */
  ready: string;
  /** The rest can't be swept, or has no more time: whoever wants to know has to look at each job by itself. */
  rest?: 'single';
}

/** What one attempt leaves for the next: ids that are known need not be asked for again. */
const progressSchema = z.object({
  pending: z.array(z.object({ row: z.number(), id: z.string(), type: z.enum(JOB_TYPES) })),
  /** Where there is a limit on requests, a sweep is made of attempts of one request each. */
  sweep: z.object({ chunk: z.number(), ready: z.array(z.number()) }).nullable(),
  /** When the list first failed, epoch milliseconds. */
  failingSinceMs: z.number().optional(),
});
type Progress = z.infer<typeof progressSchema>;

/**
 * Looks at the jobs of a page in bulk, a hundred to a request, and returns those that have ended. Until there is one it throws a
 * benign `JobNotReady`: as with the batch itself, Temporal's server does the waiting, at no history.
 */
export function watchJobs(deps: ActivityDeps) {
  return (input: WatchJobsInput): Promise<SweptJobs> =>
    attempt('read', `jobs of batch ${input.batchId}`, async (attempt) => {
      const waitedMs = Math.max(0, attempt.nowMs - input.sinceMs);
      const leftMs = input.jobTimeoutMs - waitedMs;
      if (leftMs <= 0) return { ready: '', rest: 'single' };
      const notReady = (count: number, delayMs: number) =>
        new NotReady('JobNotReady', `${count} jobs have not ended`, Math.min(leftMs, delayMs));
      const delayMs = pollDelayMs(input.poll, waitedMs);
      const dueMs = (input.lookedMs ?? 0) + delayMs - attempt.nowMs;
      if (attempt.number === 1 && dueMs > 0) throw notReady(fromRanges(input.pending).length, dueMs);
      const progress = progressOf(attempt.kept) ?? (await begin(deps, input, attempt));
      if (progress === undefined) return { ready: '', rest: 'single' };
      const ready = await patiently(progress, attempt, () => sweep(deps, input, progress, attempt, waitedMs));
      if (ready === undefined) return { ready: '', rest: 'single' };
      if (ready.length > 0) return { ready: toRanges(ready.sort((a, b) => a - b)) };
      attempt.keep({ pending: progress.pending, sweep: null });
      throw notReady(progress.pending.length, delayMs);
    });
}

/** The list is a help, not a need: one that goes on failing leaves each job to be looked at by itself. */
const PATIENCE_MS = 15 * 60_000;

async function patiently(
  progress: Progress,
  { nowMs, keep, signal }: Attempt,
  look: () => Promise<number[] | undefined>,
): Promise<number[] | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof NotReady || signal.aborted) throw error;
    const { failingSinceMs = nowMs } = progress;
    if (nowMs - failingSinceMs >= PATIENCE_MS) return undefined;
    keep({ ...progress, failingSinceMs });
    throw error;
  }
}

function progressOf(kept: unknown): Progress | undefined {
  return progressSchema.safeParse(kept).data;
}

/** The ids of the jobs: from the results, which are asked for once. `undefined` where the page is no longer the same. */
async function begin(
  { llamacloud, requestsPerSecond }: ActivityDeps,
  { batchId, digest, pending, jobs: known, projectId, organizationId, ...page }: WatchJobsInput,
  { signal, keep }: Attempt,
): Promise<Progress | undefined> {
  if (known !== undefined) return { pending: known, sweep: null };
  const { results } = await llamacloud.getBatch(batchId, { expand: ['results'], projectId, organizationId, signal });
  const { rows } = pageOf(distinct(results ?? []), page);
  if (digestOf(rows) !== digest) return undefined;
  const jobs = fromRanges(pending).map((row) => jobOf(row, rows[row]?.job_reference));
  const progress = { pending: jobs.filter((job) => job !== undefined), sweep: null };
  if (requestsPerSecond === undefined) return progress;
  keep(progress);
  throw afterRequest(progress);
}

/** One look at all of them. */
async function sweep(
  deps: ActivityDeps,
  { projectId, organizationId }: ApiScope,
  progress: Progress,
  { signal, keep }: Attempt,
  waitedMs: number,
): Promise<number[] | undefined> {
  const chunks = chunksOf(progress.pending);
  const { chunk: start, ready: earlier } = progress.sweep ?? { chunk: 0, ready: [] };
  const ready = [...earlier];
  for (const [index, chunk] of chunks.entries()) {
    if (index < start) continue;
    const ended = await endedOf(deps, chunk, waitedMs, { projectId, organizationId, signal });
    if (ended === undefined) return undefined;
    ready.push(...ended);
    if (deps.requestsPerSecond !== undefined && index + 1 < chunks.length) {
      keep({ pending: progress.pending, sweep: { chunk: index + 1, ready } });
      throw afterRequest(progress);
    }
  }
  return ready;
}

/** Temporal counts attempts against the limit: each request is to be one. */
function afterRequest({ pending }: Progress): NotReady {
  return new NotReady('JobNotReady', `${pending.length} jobs are being looked at`, SHORTEST_DELAY_MS);
}
