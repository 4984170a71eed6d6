import { ActivityFailure, isCancellation } from '@temporalio/workflow';
import type { ResultsPage, WatchJobsInput } from '../activities/types.js';
import { type BatchRequest, fromRanges, toRanges } from '../protocol/index.js';
import { watchJobs } from './activities.js';
import type { DueRow, DueRows } from './due-rows.js';
import type { BatchState } from './state.js';
import { wakeable } from './wake.js';

/** What feeds the lanes of a page. */
export interface Feed {
  state: BatchState;
  request: BatchRequest;
  batchId: string;
  page: ResultsPage;
  due: DueRows;
}

/**
 * Makes the rows of a page due as their jobs end: one look at all of them at a time, so that the number of looks does not depend on
 * the number of files. Rows without a job are due at once, and so are all where the jobs can't be looked at together: then
 * each child waits for its own.
 */
export async function feed({ state, request, batchId, page, due }: Feed): Promise<void> {
  const rows = page.rows.map((row, index): DueRow => ({ index, row, ready: false }));
  const pending = new Map(rows.filter(isWaitedFor).map((each) => [each.index, each]));
  const hand = (indexes: Iterable<number>, changes: Partial<DueRow>) => {
    for (const index of indexes) {
      const row = pending.get(index);
      if (row !== undefined && pending.delete(index)) due.add([{ ...row, ...changes }]);
    }
  };
  state.jobsSinceMs = null;
  try {
    if (page.jobs === undefined) {
      due.add(rows);
      return;
    }
    due.add(rows.filter((row) => !isWaitedFor(row)));
    hand(fromRanges(page.jobs.ready), { ready: true });
    state.jobsSinceMs = Date.now();
    while (pending.size > 0) {
      const swept = await look(state, request, batchId, { digest: page.jobs.digest, ...waitedFor(pending) });
      hand(fromRanges(swept.ready), { ready: true });
      if (swept.rest === 'single') hand([...pending.keys()], { ready: false });
    }
  } catch (error) {
    if (!isCancellation(error) && !(error instanceof ActivityFailure)) throw error;
    // Of a run that is being stopped the rest is skipped. Otherwise the list can't be read, whatever that means for each job.
    hand([...pending.keys()], { ready: false });
  } finally {
    due.end();
  }
}

function isWaitedFor({ row }: DueRow): boolean {
  return row.job !== undefined && row.document === undefined;
}

/** With more than these, ids would be most of what is in history. */
const MOST_IDS = 100;

function waitedFor(rows: ReadonlyMap<number, DueRow>): Pick<WatchJobsInput, 'pending' | 'jobs'> {
  const pending = toRanges([...rows.keys()]);
  if (rows.size > MOST_IDS) return { pending };
  const jobs = [...rows.values()].flatMap(({ index, row: { job } }) =>
    job === undefined ? [] : [{ row: index, ...job }],
  );
  return { pending, jobs };
}

function look(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  waited: Pick<WatchJobsInput, 'digest' | 'pending' | 'jobs'>,
) {
  const { pageSize, poll, jobTimeoutMs, scope } = request;
  const sinceMs = state.jobsSinceMs ?? Date.now();
  const cursor = state.cursor === null ? {} : { cursor: state.cursor };
  const lookedMs = Date.now();
  const input = { batchId, ...cursor, pageSize, ...waited, sinceMs, jobTimeoutMs, poll, ...scope };
  const summary = 'Wait for jobs to end';
  return wakeable(state, (woken) =>
    // What has just been looked at need not be looked at again, unless somebody says so.
    watchJobs.executeWithOptions({ summary }, [woken ? input : { ...input, lookedMs }]),
  );
}
