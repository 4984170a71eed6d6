import { type CallOptions, HttpStatusError, UnexpectedResponseError } from '../../llamacloud/index.js';
import { isTerminal, type JobType, NOT_FOUND_GRACE_MS } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';

export interface JobsToList {
  type: JobType;
  /** At most `MAX_JOBS_PER_REQUEST`. */
  jobIds: string[];
}

/**
 * Which of these jobs have ended: `GET /api/v2/parse?job_ids=...` or `/api/v2/extract?job_ids=...`, usually one request. A job that
 * is not in the answer counts as ended after one minute: it is then checked individually.
 *
 * @param waitedMs Since the jobs were first asked for, in milliseconds.
 * @returns Their ids; `undefined` where the filter is refused or ignored, or the list is none.
 */
export async function listEndedJobs(
  { llamacloud }: ActivityDeps,
  { type, jobIds }: JobsToList,
  waitedMs: number,
  options: CallOptions,
): Promise<string[] | undefined> {
  const asked = new Set(jobIds);
  const statuses = new Map<string, string>();
  try {
    for await (const job of llamacloud.iterateJobs({ ...options, type, jobIds, pageSize: jobIds.length })) {
      // The filter is ignored: behind this job are perhaps all jobs that there ever were.
      if (!asked.has(job.id)) return undefined;
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

/** Says that jobs can't be listed in this way, rather than that they can't be listed now. */
function isUnsupported(error: unknown): boolean {
  if (error instanceof UnexpectedResponseError) return true;
  return error instanceof HttpStatusError && [400, 404, 405, 414, 422, 431, 501].includes(error.status);
}
