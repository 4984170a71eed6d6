import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { ResultsPage } from '../activities/types.js';
import { type BatchRequest, clip, failureIn, type ManifestEntry } from '../protocol/index.js';
import { type DueRow, DueRows } from './due-rows.js';
import { runChild } from './job-child.js';
import { publishDetails } from './publish.js';
import { type BatchState, type FileOutcome, type FileProblem, hasTooManyFailures, record } from './state.js';
import { type Feed, feed } from './sweep-jobs.js';

/**
 * Step 6: one child workflow for each job reference, as the jobs end, at most `maxConcurrentJobs` open at a time. Never throws: what
 * happened to each file is in its line, and the lines are in the order of the rows.
 */
export async function fanOut(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  page: ResultsPage,
): Promise<ManifestEntry[]> {
  const lines = new Array<ManifestEntry>(page.rows.length);
  const due = new DueRows();
  const sweeps = new CancellationScope();
  const lane = async () => {
    for (let next = await due.take(); next !== undefined; next = await due.take()) {
      lines[next.index] = record(state, next.row, await outcomeOf(state, request, batchId, next));
      // No more children are started: nobody needs to know when the rest of the jobs end.
      if (hasTooManyFailures(state)) sweeps.cancel();
      publishDetails(state);
    }
  };
  const lanes = Array.from({ length: Math.min(request.maxConcurrentJobs, page.rows.length) }, lane);
  const fed: Feed = { state, request, batchId, page, due };
  if (hasTooManyFailures(state)) sweeps.cancel();
  await Promise.all([sweeps.run(() => feed(fed)), ...lanes]);
  return lines;
}

async function outcomeOf(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  { row, ready }: DueRow,
): Promise<FileOutcome> {
  if (row.document !== undefined) return { document: row.document };
  if (row.job === undefined)
    return { problem: { status: 'FAILED', type: 'FileNotMapped', message: row.error ?? 'there is no job' } };
  if (CancellationScope.current().consideredCancelled) return skipped('the run was stopped');
  if (hasTooManyFailures(state)) return skipped('too many other files failed');
  state.running += 1;
  try {
    return { document: await runChild(state, request, batchId, row, row.job, ready) };
  } catch (error) {
    return { problem: problemOf(error) };
  } finally {
    state.running -= 1;
  }
}

function skipped(message: string): FileOutcome {
  return { problem: { status: 'SKIPPED', type: 'Skipped', message } };
}

function problemOf(error: unknown): FileProblem {
  if (isCancellation(error))
    return { status: 'CANCELLED', type: 'JobCancelled', message: 'the workflow of this file was cancelled' };
  const { type, message } = failureIn(error);
  // A child of the caller's own may fail with anything, and a thousand of these travel through history at a time.
  return { status: type === 'JobCancelled' ? 'CANCELLED' : 'FAILED', type: clip(type, 100), message: clip(message) };
}
