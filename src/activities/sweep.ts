import { type CallOptions, HttpStatusError, UnexpectedResponseError } from '../llamacloud/index.js';
import { isTerminal, JOB_TYPES, type JobType, READ_AFTER_CREATE_MS } from '../protocol/index.js';
import type { ActivityDeps } from './deps.js';

/** A job, by the number of its row in its page. */
export interface RowJob {
  row: number;
  id: string;
  type: JobType;
}

/** The job of a row, where it is of a type that can be asked for. */
export function jobOf(row: number, reference: { id: string; type: string } | null | undefined): RowJob | undefined {
  const type = JOB_TYPES.find((each) => each === reference?.type);
  return reference == null || type === undefined ? undefined : { row, id: reference.id, type };
}

/** LlamaCloud does not say how many ids it takes; a hundred make a URL of 5 KB. */
const JOBS_A_REQUEST = 100;

/** The jobs of one request: of one type, and no more than fit. */
export function chunksOf(jobs: readonly RowJob[]): RowJob[][] {
  return JOB_TYPES.flatMap((type) => {
    const own = jobs.filter((job) => job.type === type);
    return Array.from({ length: Math.ceil(own.length / JOBS_A_REQUEST) }, (_, chunk) =>
      own.slice(chunk * JOBS_A_REQUEST, (chunk + 1) * JOBS_A_REQUEST),
    );
  });
}

/**
 * Which of these jobs, all of one type, have ended: `GET /api/v2/parse?job_ids=...` or `/api/v2/extract?job_ids=...`, usually one
 * request. One that is not in the answer counts as ended once it is too old to be missing for a moment: whoever then asks
 * for it by itself learns what is the matter.
 *
 * @param waitedMs Since the jobs were first asked for, in milliseconds.
 * @returns The numbers of their rows; `undefined` where the filter is refused or ignored, or the list is none.
 */
export async function endedOf(
  { llamacloud }: ActivityDeps,
  jobs: readonly RowJob[],
  waitedMs: number,
  options: CallOptions,
): Promise<number[] | undefined> {
  const [first] = jobs;
  if (first === undefined) return [];
  const jobIds = jobs.map(({ id }) => id);
  const asked = new Set(jobIds);
  const statuses = new Map<string, string>();
  try {
    // Ends with the first job that is none of these: behind it are perhaps all jobs that there ever were.
    for await (const job of llamacloud.iterateJobs({ ...options, type: first.type, jobIds, pageSize: jobIds.length })) {
      if (!asked.has(job.id)) return undefined;
      statuses.set(job.id, job.status);
    }
  } catch (error) {
    if (isRefusal(error) || error instanceof UnexpectedResponseError) return undefined;
    throw error;
  }
  const isOld = waitedMs >= READ_AFTER_CREATE_MS;
  return jobs.flatMap(({ row, id }) => {
    const status = statuses.get(id);
    return (status === undefined ? isOld : isTerminal(status)) ? [row] : [];
  });
}

/** What says that the list can't be asked for in this way, rather than that it can't be asked for now. */
function isRefusal(error: unknown): boolean {
  return error instanceof HttpStatusError && [400, 404, 405, 414, 422, 431, 501].includes(error.status);
}
