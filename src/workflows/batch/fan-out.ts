import { CancellationScope, CancelledFailure, isCancellation } from '@temporalio/workflow';
import type { ManifestLine, ResolvedBatchInput } from '../../protocol/index.js';
import { openLimit } from '../shared/control.js';
import { recordFile } from '../shared/metrics.js';
import { ReadyQueue } from '../shared/ready-queue.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { readBilledCredits } from './billed-credits.js';
import { runJobWorkflow } from './job-workflow.js';
import { toCompletedLine, toFailedLine, toLineWithoutJob, toSkippedLine } from './manifest-line.js';
import { publishDetails } from './publish.js';
import { mayRedrive } from './redrive-failed.js';
import { releaseFiles } from './release-files.js';
import {
  type BatchState,
  hasTooManyFailures,
  type OpenPage,
  type PageFile,
  recordFileOutcome,
  recordJobEnd,
} from './state.js';

/**
 * Step 8: runs a child workflow for each job reference as the jobs end, at most `maxConcurrentJobs` at a time, and records the
 * outcome of each file in the page, except for those whose failed job is to be redriven. A page can be fanned out again: files that have a line
 * are left alone.
 *
 * @throws CancelledFailure when the run is stopping. Files whose outcome is not known have no line then.
 */
export async function fanOut(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
  page: OpenPage,
  jobDeadlineMs: number,
): Promise<void> {
  const queue = new ReadyQueue<PageFile>(() =>
    openLimit(state, state.control.maxConcurrentJobs ?? input.maxConcurrentJobs),
  );
  const waiters = new CancellationScope();
  const released = waiters
    .run(() => releaseFiles(state, input, page, jobDeadlineMs, queue))
    .then(
      () => queue.close(),
      (error: unknown) => queue.close(isCancellation(error) ? undefined : error),
    );
  try {
    await queue.run(
      async (file) => {
        const line = await processFile(state, input, batchId, file, jobDeadlineMs);
        if (line === null) return;
        recordFile(recordFileOutcome(state, file, line), file.row.storedLine !== null);
        publishDetails(state);
      },
      () => hasTooManyFailures(state),
    );
  } finally {
    // Too many files failed, or the run is stopping: the other jobs are not waited for.
    waiters.cancel();
    await released;
  }
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The run is being stopped');
  // Otherwise those without a line wait for another job.
  if (hasTooManyFailures(state)) skipRemainingFiles(state, page, 'too many other files failed');
}

/**
 * Returns the line of one file; `null` if its failed job is to be redriven, or if the run was stopped while the document was being collected: the
 * stop collects it again.
 */
async function processFile(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
  file: PageFile,
  deadlineMs: number,
): Promise<ManifestLine | null> {
  const { row } = file;
  if (row.storedLine !== null) return row.storedLine;
  const { job } = row;
  if (job === null) return toLineWithoutJob(state, row);
  // The run was stopped before the file had another job.
  if (file.failedLine != null) return file.failedLine;
  state.running += 1;
  try {
    return toCompletedLine(row, await runJobWorkflow(state, input, batchId, file, job, deadlineMs));
  } catch (error) {
    // A bug in workflow code fails the workflow task, not the file.
    if (!isTemporalFailure(error)) throw error;
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) return null;
    const line = toFailedLine(state, row, error);
    if (mayRedrive(state, input, row, line)) {
      recordJobEnd(state, file);
      file.failedLine = line;
      return null;
    }
    return { ...line, credits: await readBilledCredits(input, line, job) };
  } finally {
    state.running -= 1;
  }
}

/** Records the files of a page that have no line yet as skipped, or as FAILED if their job has. */
export function skipRemainingFiles(state: BatchState, page: OpenPage, message: string): void {
  for (const file of page.files) {
    if (file.line !== null) continue;
    recordFile(recordFileOutcome(state, file, file.failedLine ?? toSkippedLine(file.row, message)), false);
  }
}
