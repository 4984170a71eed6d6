import { CancellationScope, isCancellation, log } from '@temporalio/workflow';
import type { CancelledJobs } from '../../activities/types.js';
import {
  cleanText,
  isTerminal,
  type ResolvedBatchInput,
  rootFailure,
  STOP_TIMEOUT_MS,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import { cancelBatch, cancelJobs } from '../shared/activities.js';
import { publishReport } from '../shared/publish-report.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { skipRemainingFiles } from './fan-out.js';
import { NOT_COLLECTED } from './manifest-line.js';
import { processResultsPage, writePage } from './process-results-page.js';
import { setPhase, setStatus } from './publish.js';
import { type BatchState, skipUnreadFiles, toReport } from './state.js';

/** Deadline of each step, in milliseconds after the stop was requested. Each leaves time for the later steps. */
const CANCEL_BATCH_UNTIL_MS = 0.3 * STOP_TIMEOUT_MS;
const CANCEL_JOBS_UNTIL_MS = 0.6 * STOP_TIMEOUT_MS;
const COLLECT_UNTIL_MS = 0.9 * STOP_TIMEOUT_MS;

/**
 * How long to wait until each file has a job or an error, in milliseconds. After a CANCELLED batch most never get one, and a person waits
 * for the run to end. After a COMPLETED batch they do, and each job costs money.
 */
const UNMAPPED_WAIT_MS = { cancelled: 5_000, completed: 30_000 };

/** How long to wait for jobs that have not ended, in milliseconds. */
const JOB_END_WAIT_MS = 30_000;

/**
 * Stops a run that is cancelled or past its deadline: cancels the batch and its jobs, collects what had finished, and writes the
 * manifest if results were read. With `onStop: 'leave'` it only writes the manifest. While a worker runs, it takes 10 minutes at most,
 * and some seconds.
 *
 * @returns What happened to the batch, for the message of the run's failure.
 */
export async function stop(state: BatchState, input: ResolvedBatchInput): Promise<string> {
  const startedAtMs = state.stopRequestedAtMs ?? Date.now();
  setPhase(state, 'stopping');
  const outcome = await stopBatch(state, input, startedAtMs);
  await writeUnfinishedPage(state, startedAtMs + STOP_TIMEOUT_MS);
  publishReport(toReport(state));
  log.info('The run was stopped', { batchId: state.batchId, outcome });
  return outcome;
}

async function stopBatch(state: BatchState, input: ResolvedBatchInput, startedAtMs: number): Promise<string> {
  const { batchId, status } = state;
  if (batchId === null) return 'nothing had to be cancelled';
  if (input.onStop === 'leave') {
    return status !== null && isTerminal(status)
      ? `the batch is ${status}, and its jobs were not cancelled`
      : `the batch was left running (last status ${status ?? 'not known'})`;
  }
  const batchOutcome = await cancelRemoteBatch(state, input, batchId, startedAtMs + CANCEL_BATCH_UNTIL_MS);
  if (state.status === 'FAILED') return batchOutcome;
  const jobs = await cancelRemoteJobs(state, input, batchId, startedAtMs + CANCEL_JOBS_UNTIL_MS);
  const documentsOutcome = jobs.hasResults
    ? await collectFinished(state, input, batchId, startedAtMs + COLLECT_UNTIL_MS)
    : null;
  return [batchOutcome, jobs.outcome, documentsOutcome].filter((outcome) => outcome !== null).join('; ');
}

async function cancelRemoteBatch(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
  deadlineMs: number,
): Promise<string> {
  if (state.status !== null && isTerminal(state.status)) return `the batch is ${state.status}`;
  const options = { summary: `Cancel batch ${batchId}`, scheduleToCloseTimeout: remainingMs(deadlineMs) };
  try {
    setStatus(state, await cancelBatch.executeWithOptions(options, [{ ...input.scope, batchId }]));
    return `the batch is ${state.status}`;
  } catch (error) {
    return logFailedStep('the batch could not be cancelled', error, { batchId });
  }
}

/**
 * Cancels the jobs individually, also after the batch could not be cancelled. In LlamaCloud a batch can end before its jobs do. It then
 * can't be cancelled, but its jobs can. Jobs that go on cost credits.
 */
async function cancelRemoteJobs(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
  deadlineMs: number,
): Promise<{ outcome: string | null; hasResults: boolean }> {
  const options = { summary: `Cancel the jobs of batch ${batchId}`, scheduleToCloseTimeout: remainingMs(deadlineMs) };
  try {
    const { scope, directoryId, resultsGraceMs } = input;
    const maxWaitMs = state.status === 'COMPLETED' ? UNMAPPED_WAIT_MS.completed : UNMAPPED_WAIT_MS.cancelled;
    const waitMs = Math.min(maxWaitMs, resultsGraceMs);
    const jobs = await cancelJobs.executeWithOptions(options, [{ ...scope, batchId, directoryId, waitMs }]);
    return { outcome: describeJobs(jobs), hasResults: jobs.filesWithoutJob !== null };
  } catch (error) {
    const hasResults = state.status === 'CANCELLED' || state.status === 'COMPLETED';
    return {
      outcome: logFailedStep('the jobs of the batch could not all be cancelled', error, { batchId }),
      hasResults,
    };
  }
}

function describeJobs({ cancelled, refused, filesWithoutJob }: CancelledJobs): string | null {
  if (filesWithoutJob === null)
    return 'LlamaCloud returned no results, so jobs of the batch, if any, could not be found or cancelled';
  const parts = [
    cancelled > 0 ? `${cancelled} jobs of the batch were cancelled` : null,
    refused.length > 0 ? `LlamaCloud refused to cancel ${refused.length} jobs (${joinFirst(refused)})` : null,
    filesWithoutJob > 0
      ? `${filesWithoutJob} files had no job when the run stopped; a job created later is not cancelled`
      : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join('; ');
}

/** The first four ids: a failure's message has no room for more. The activity's result has all. */
function joinFirst(jobIds: readonly string[]): string {
  return jobIds.length > 4 ? `${jobIds.slice(0, 4).join(', ')}, …` : jobIds.join(', ');
}

/**
 * Collects the documents of the jobs that are COMPLETED: they are paid for. Custom child workflows, and `processJob` on a task queue of
 * its own, are not started any more, since nobody knows how long they take. A run with `batchId` and `onlyFailed` (only files that have
 * no document yet) can start them later.
 *
 * @returns What could not be done, for the message of the run's failure.
 */
async function collectFinished(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
  deadlineMs: number,
): Promise<string | null> {
  if (input.child.workflowType !== WORKFLOW_TYPES.processJob || input.child.taskQueue !== undefined) return null;
  const jobDeadlineMs = Math.min(deadlineMs, Date.now() + JOB_END_WAIT_MS);
  const deadlines = { graceMs: 0, jobDeadlineMs, manifestDeadlineMs: deadlineMs };
  try {
    await CancellationScope.withTimeout(remainingMs(deadlineMs), async () => {
      while (await processResultsPage(state, input, batchId, deadlines));
    });
    return null;
  } catch (error) {
    return logFailedStep('what had finished could not all be collected', error, { batchId });
  }
}

/**
 * For a run that ends early: writes the manifest lines of the page in progress. Files that have no outcome yet are recorded as `SKIPPED`.
 * Writes nothing if no results were read, since then no file is known.
 */
export async function writeUnfinishedPage(state: BatchState, deadlineMs: number): Promise<void> {
  const { page, batchId, parts, manifest } = state;
  if (page !== null) skipRemainingFiles(state, page, NOT_COLLECTED);
  // No line names the files of pages that were not read.
  skipUnreadFiles(state);
  if (batchId === null || manifest !== null || (page === null && parts === 0)) return;
  try {
    await writePage(state, batchId, page, true, deadlineMs);
  } catch (error) {
    logFailedStep('the manifest could not be written', error, { batchId });
  }
}

/** Logs and describes a step that failed. The other steps go on. */
function logFailedStep(what: string, error: unknown, context: Record<string, unknown>): string {
  if (!isTemporalFailure(error)) throw error;
  const message = isCancellation(error) ? 'there was no more time' : cleanText(rootFailure(error).message);
  log.error(`While the run was ending, ${what}`, { ...context, message });
  return `${what}: ${message}`;
}

function remainingMs(deadlineMs: number): number {
  return Math.max(1_000, deadlineMs - Date.now());
}
