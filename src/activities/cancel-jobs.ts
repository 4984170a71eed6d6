import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, HttpStatusError } from '../llamacloud/index.js';
import type { ApiScope } from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { chunksOf, endedOf, jobOf, type RowJob } from './sweep.js';

const AT_A_TIME = 10;

export interface CancelJobsInput extends ApiScope {
  batchId: string;
}

/**
 * Cancels the jobs of a batch that is COMPLETED, which LlamaCloud can't cancel any more: they go on, and are paid for. Returns how many
 * had not ended.
 */
export function cancelJobs(deps: ActivityDeps) {
  return ({ batchId, projectId, organizationId }: CancelJobsInput): Promise<number> =>
    attempt('cancel', `jobs of batch ${batchId}`, async ({ signal }) => {
      const { llamacloud, requestsPerSecond = Number.POSITIVE_INFINITY } = deps;
      const isLimited = Number.isFinite(requestsPerSecond);
      const scope = { projectId, organizationId, signal };
      const { results } = await llamacloud.getBatch(batchId, { ...scope, expand: ['results'] });
      const jobs = (results ?? []).map(({ job_reference }, row) => jobOf(row, job_reference));
      let cancelled = 0;
      for (const chunk of chunksOf(jobs.filter((job) => job !== undefined))) {
        // Where nobody says which have ended all are asked to stop: for those it means nothing.
        const ended = new Set(await endedOf(deps, chunk, 0, scope));
        const queue = chunk.filter(({ row }) => !ended.has(row)).values();
        const lane = async () => {
          for (const job of queue) {
            if (isLimited) await sleep(1_000 / requestsPerSecond, undefined, { signal });
            if (await cancel(deps, job, scope)) cancelled += 1;
          }
        };
        await Promise.all(Array.from({ length: isLimited ? 1 : AT_A_TIME }, lane));
      }
      return cancelled;
    });
}

/** A job that ended meanwhile, or is gone, is no error. */
async function cancel({ llamacloud }: ActivityDeps, job: RowJob, scope: CallOptions): Promise<boolean> {
  try {
    await llamacloud.cancelJob(job, scope);
    return true;
  } catch (error) {
    if (error instanceof HttpStatusError && [400, 404, 409, 422].includes(error.status)) return false;
    throw error;
  }
}
