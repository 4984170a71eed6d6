import { CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow';
import type { ResultRow } from '../../activities/types.js';
import {
  type BatchRequest,
  cleanText,
  type FailureSummary,
  type FileStatus,
  type ManifestLine,
  rootFailure,
} from '../../protocol/index.js';
import { ReadyQueue } from '../shared/ready-queue.js';
import { isRunFailure } from '../shared/unwrap-failure.js';
import { type DocumentFields, NO_DOCUMENT, runJobWorkflow } from './job-workflow.js';
import { publishDetails } from './publish.js';
import { type ReadyRow, releaseRows } from './release-rows.js';
import { type BatchState, hasTooManyFailures, type OpenPage, recordFileOutcome } from './state.js';

/**
 * Steps 7 and 8: one child workflow for each job reference, as the jobs end, at most `maxConcurrentJobs` open at a time. What
 * happened to each file is recorded in the page; a page that was stopped can be taken up again.
 *
 * @throws CancelledFailure when the run is being stopped: the rows that were not started then have no line.
 */
export async function fanOut(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  page: OpenPage,
  jobDeadlineMs: number,
): Promise<void> {
  const queue = new ReadyQueue<ReadyRow>(request.maxConcurrentJobs);
  const waiting = new CancellationScope();
  const waited = waiting
    .run(() => releaseRows(page, request, jobDeadlineMs, queue))
    .then(
      () => queue.close(),
      (error: unknown) => queue.close(isCancellation(error) ? undefined : error),
    );
  try {
    await queue.run(
      async (ready) => {
        const line = await processFile(state, request, batchId, ready, jobDeadlineMs);
        if (line === null) return;
        recordFileOutcome(state, page, ready.index, line);
        publishDetails(state);
      },
      () => hasTooManyFailures(state),
    );
  } finally {
    // Nobody needs to know when the rest of the jobs end.
    waiting.cancel();
    await waited;
  }
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The run is being stopped');
  skipRest(state, page, 'too many other files failed');
}

/** The line of one file; `null` where the run was stopped while its job was collected: that may be done again. */
async function processFile(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  ready: ReadyRow,
  deadlineMs: number,
): Promise<ManifestLine | null> {
  const { row } = ready;
  if (row.finished !== null) return row.finished;
  const { job } = row;
  if (job === null) return unmappedLine(state, row);
  state.running += 1;
  try {
    return toLine(row, await runJobWorkflow(state, request, batchId, ready, job, deadlineMs));
  } catch (error) {
    // A bug in workflow code is no failed file: it fails the workflow task.
    if (!isRunFailure(error)) throw error;
    const isRunCancelled = CancellationScope.current().consideredCancelled;
    return isRunCancelled && isCancellation(error) ? null : toFailedLine(row, error);
  } finally {
    state.running -= 1;
  }
}

/** A file that never got a job: of a batch that was cancelled that is no failure of the file. */
function unmappedLine({ status }: BatchState, row: ResultRow): ManifestLine {
  const message = row.error ?? 'LlamaCloud has neither a job nor an error for this file';
  const isCancelled = status === 'CANCELLED' && row.error === null;
  return lineWithout(row, isCancelled ? 'CANCELLED' : 'FAILED', { type: 'FileNotMapped', message });
}

function toLine({ fileId, name, job }: ResultRow, document: DocumentFields): ManifestLine {
  const ids = { fileId, name, jobId: job?.id ?? null, jobType: job?.type ?? null };
  return { ...ids, status: 'COMPLETED', ...document, error: null };
}

function toFailedLine(row: ResultRow, error: unknown): ManifestLine {
  if (isCancellation(error)) {
    const message = 'the workflow of this file was cancelled';
    return lineWithout(row, 'CANCELLED', { type: 'JobCancelled', message });
  }
  // A child of the caller's own may fail with anything, and a thousand of these travel through history at a time.
  const { type, message } = rootFailure(error);
  const failure = { type: cleanText(type, 100), message: cleanText(message) };
  return lineWithout(row, type === 'JobCancelled' ? 'CANCELLED' : 'FAILED', failure);
}

/** The line of a file that has no document. */
function lineWithout(row: ResultRow, status: Exclude<FileStatus, 'COMPLETED'>, error: FailureSummary): ManifestLine {
  return { ...toLine(row, NO_DOCUMENT), status, error };
}

/** Records the files that were not tried. */
export function skipRest(state: BatchState, page: OpenPage, message: string): void {
  for (const [index, row] of page.rows.entries()) {
    if (page.lines[index] == null)
      recordFileOutcome(state, page, index, lineWithout(row, 'SKIPPED', { type: 'Skipped', message }));
  }
}
