import { type CallOptions, HttpStatusError, UnexpectedResponseError } from '../../llamacloud/index.js';
import { isTerminal, type JobType, NOT_FOUND_GRACE_MS } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';

export interface JobsToList {
  type: JobType;
  /** At most `MAX_JOBS_PER_REQUEST`. */
  jobIds: string[];
}

/**
 * Finds out which of the jobs have ended: `GET /api/v2/parse?job_ids=...` or `/api/v2/extract?job_ids=...`, usually one request.
 * After one minute, a job that is not in the list is treated as ended, and then checked individually.
 *
 * @param waitedMs Milliseconds since the jobs were first listed.
 * @returns Their ids; `undefined` if LlamaCloud rejects or ignores the filter, or does not return a list.
 */
export async function listEndedJobs(
  { llamacloud }: ActivityDeps,
  { type, jobIds }: JobsToList,
  waitedMs: number,
  options: CallOptions,
): Promise<string[] | undefined> {
  const requested = new Set(jobIds);
  const statuses = new Map<string, string>();
  try {
    for await (const job of llamacloud.iterateJobs({ ...options, type, jobIds, pageSize: jobIds.length })) {
      // The filter is ignored: the list may have every job of the project.
      if (!requested.has(job.id)) return undefined;
      statuses.set(job.id, job.status);
    }
  } catch (error) {
    if (isUnsupported(error)) return undefined;
    throw error;
  }
  return jobIds.filter((id) => {
    const status = statuses.get(id);
    return status === undefined ? waitedMs >= NOT_FOUND_GRACE_MS : isTerminal(status);
  });
}

/** LlamaCloud can't list jobs in this way, now or later. */
function isUnsupported(error: unknown): boolean {
  if (error instanceof UnexpectedResponseError) return true;
  return error instanceof HttpStatusError && [400, 404, 405, 414, 422, 431, 501].includes(error.status);
}
