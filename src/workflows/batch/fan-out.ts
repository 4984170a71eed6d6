import { CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow';
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
import { type CollectedDocument, runJobWorkflow } from './job-workflow.js';
import { publishDetails } from './publish.js';
import { type ReadyRow, releaseRows } from './release-rows.js';
import { type BatchState, hasTooManyFailures, type OpenPage, recordFileOutcome } from './state.js';

type Row = OpenPage['rows'][number];

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
  const isStopped = () => hasTooManyFailures(state);
  const waited = waiting
    .run(() => releaseRows(page, request, jobDeadlineMs, queue))
    .then(
      () => queue.close(),
      (error: unknown) => queue.close(isCancellation(error) ? undefined : error),
    );
  try {
    await queue.run(async ({ index, row, hasEnded }) => {
      const line = await processFile(state, request, batchId, row, hasEnded, jobDeadlineMs);
      if (line === null) return;
      recordFileOutcome(state, page, index, line);
      publishDetails(state);
    }, isStopped);
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
  row: Row,
  hasEnded: boolean,
  deadlineMs: number,
): Promise<ManifestLine | null> {
  if (row.finished !== null) return row.finished;
  const { job } = row;
  if (job === null) return unmappedLine(state, row);
  state.running += 1;
  try {
    return toLine(row, await runJobWorkflow(state, request, batchId, { ...row, job, hasEnded }, deadlineMs));
  } catch (error) {
    // A bug in workflow code is no failed file: it fails the workflow task.
    if (!isRunFailure(error)) throw error;
    const isStopped = CancellationScope.current().consideredCancelled;
    return isStopped && isCancellation(error) ? null : toFailedLine(row, error);
  } finally {
    state.running -= 1;
  }
}

/** A file that never got a job: of a batch that was cancelled that is no failure of the file. */
function unmappedLine({ status }: BatchState, row: Row): ManifestLine {
  const message = row.error ?? 'LlamaCloud has neither a job nor an error for this file';
  const isCancelled = status === 'CANCELLED' && row.error === null;
  return lineWithout(row, isCancelled ? 'CANCELLED' : 'FAILED', { type: 'FileNotMapped', message });
}

function toLine(row: Row, document: CollectedDocument | null): ManifestLine {
  const { fileId, name, job } = row;
  const { output = null, bytes = null, sha256 = null, credits = null } = document ?? {};
  const ids = { fileId, name, jobId: job?.id ?? null, jobType: job?.type ?? null };
  return { ...ids, status: 'COMPLETED', output, bytes, sha256, credits, error: null };
}

function toFailedLine(row: Row, error: unknown): ManifestLine {
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
function lineWithout(row: Row, status: Exclude<FileStatus, 'COMPLETED'>, error: FailureSummary): ManifestLine {
  return { ...toLine(row, null), status, error };
}

/** Records the files that were not tried. */
export function skipRest(state: BatchState, page: OpenPage, message: string): void {
  for (const [index, row] of page.rows.entries()) {
    if (page.lines[index] == null)
      recordFileOutcome(state, page, index, lineWithout(row, 'SKIPPED', { type: 'Skipped', message }));
  }
}
