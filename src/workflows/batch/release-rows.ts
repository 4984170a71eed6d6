import { ActivityFailure } from '@temporalio/workflow';
import type { ResultRow } from '../../activities/types.js';
import { type BatchRequest, chunk, JOB_TYPES, type JobType, MAX_JOBS_PER_REQUEST } from '../../protocol/index.js';
import { waitForJobs } from '../shared/activities.js';
import type { ReadyQueue } from '../shared/ready-queue.js';
import type { OpenPage } from './state.js';

/** A row whose file can be worked on. */
export interface ReadyRow {
  index: number;
  row: ResultRow;
  /** `true`: the list of jobs said that its job has ended. `false`: the child polls it. */
  hasEnded: boolean;
}

interface WaitingRow {
  index: number;
  row: ResultRow;
  job: NonNullable<ResultRow['job']>;
}

/** Step 7: adds the rows of a page to the queue: those without a job at once, the others as their jobs end. */
export async function releaseRows(
  page: OpenPage,
  request: BatchRequest,
  deadlineMs: number,
  queue: ReadyQueue<ReadyRow>,
): Promise<void> {
  const waiting: WaitingRow[] = [];
  for (const [index, row] of page.rows.entries()) {
    if (page.lines[index] != null) continue;
    if (row.job === null || row.finished !== null) queue.add({ index, row, hasEnded: true });
    else waiting.push({ index, row, job: row.job });
  }
  const waiters = JOB_TYPES.flatMap((type) => {
    const ofType = waiting.filter(({ job }) => job.type === type);
    return chunk(ofType, MAX_JOBS_PER_REQUEST).map((rows) => releaseAsJobsEnd(type, rows, request, deadlineMs, queue));
  });
  await Promise.all(waiters);
}

/** One waiter: all of its rows are released when it returns. */
async function releaseAsJobsEnd(
  type: JobType,
  rows: readonly WaitingRow[],
  { poll, scope }: BatchRequest,
  deadlineMs: number,
  queue: ReadyQueue<ReadyRow>,
): Promise<void> {
  const sinceMs = Date.now();
  let pending = rows;
  for (let lastPolledAtMs: number | null = null; pending.length > 0; lastPolledAtMs = Date.now()) {
    const jobIds = [...new Set(pending.map(({ job }) => job.id))];
    const input = { ...scope, type, jobIds, sinceMs, lastPolledAtMs, deadlineMs, poll };
    const summary = `Wait for ${jobIds.length} jobs to end`;
    const found = await waitForJobs.executeWithOptions({ summary }, [input]).catch(pollIndividually);
    const ended = new Set(found.ended);
    for (const { index, row, job } of pending) {
      if (ended.has(job.id) || found.pollIndividually) queue.add({ index, row, hasEnded: ended.has(job.id) });
    }
    pending = found.pollIndividually ? [] : pending.filter(({ job }) => !ended.has(job.id));
  }
}

/** The list was refused for good, whatever that means for each job. A cancellation is the run's. */
function pollIndividually(error: unknown) {
  if (!(error instanceof ActivityFailure) || error.cause?.name !== 'ApplicationFailure') throw error;
  return { ended: [], pollIndividually: true };
}
