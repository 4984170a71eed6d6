import { type CallOptions, HttpStatusError, UnexpectedResponseError } from '../../llamacloud/index.js';
import { isTerminal, type JobType } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { isRejected } from '../support/to-failure.js';

export interface JobsToList {
  type: JobType;
  /** At most `MAX_JOBS_PER_REQUEST`. */
  jobIds: string[];
}

/** Ids of jobs. The others are in the list, and have not ended. */
interface ListedJobs {
  ended: string[];
  /** Not in the list. They may still be running. */
  missing: string[];
}

/**
 * Finds out which of the jobs have ended: `GET /api/v2/parse?job_ids=...` or `/api/v2/extract?job_ids=...`, usually one request.
 *
 * @returns `undefined` if LlamaCloud rejects or ignores the filter, or does not return a list.
 */
export async function listEndedJobs(
  { llamacloud }: ActivityDeps,
  { type, jobIds }: JobsToList,
  options: CallOptions,
): Promise<ListedJobs | undefined> {
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
  return {
    ended: jobIds.filter((id) => isTerminal(statuses.get(id) ?? '')),
    missing: jobIds.filter((id) => !statuses.has(id)),
  };
}

/** LlamaCloud can't list jobs in this way, now or later. */
function isUnsupported(error: unknown): boolean {
  if (error instanceof UnexpectedResponseError || isRejected(error, 'read')) return true;
  return error instanceof HttpStatusError && error.status === 501;
}
