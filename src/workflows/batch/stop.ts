import { CancellationScope, log, workflowInfo } from '@temporalio/workflow';
import type { JobReference } from '../../activities/types.js';
import { isTerminal, type ResolvedBatchInput, STOP_TIMEOUT_MS, WORKFLOW_TYPES } from '../../protocol/index.js';
import { cancelPreviousCreates } from '../shared/activities.js';
import { keepReportInMemo } from '../shared/keep-report-in-memo.js';
import { recordSkippedFiles } from '../shared/metrics.js';
import { adoptBatch } from './acquire-batch.js';
import { cancelRemoteBatch, cancelRemoteJobs, logFailedStep, remainingMs } from './cancel-remote.js';
import { skipRemainingFiles } from './fan-out.js';
import { NOT_COLLECTED } from './manifest-line.js';
import { processResultsPage, writePage } from './process-results-page.js';
import { setPhase, setStatus } from './publish.js';
import { type BatchState, skipUnreadFiles, toReport } from './state.js';

/** Deadline of each step, in milliseconds after the stop was requested. Each leaves time for the later steps. */
const CANCEL_BATCH_UNTIL_MS = 0.3 * STOP_TIMEOUT_MS;
const CANCEL_JOBS_UNTIL_MS = 0.6 * STOP_TIMEOUT_MS;
const COLLECT_UNTIL_MS = 0.9 * STOP_TIMEOUT_MS;

/** How long to wait for jobs that have not ended, in milliseconds. */
const JOB_END_WAIT_MS = 30_000;

/**
 * Stops a run that is cancelled or past its deadline: cancels the batch and its jobs, collects what had finished, and writes the
 * manifest if results were read. With `onStop: 'leave'` it leaves the batch, and only writes the manifest. While a worker runs, it
 * takes 10 minutes at most, and some seconds.
 *
 * @returns What happened to the batch, for the message of the run's failure.
 */
export async function stop(state: BatchState, input: ResolvedBatchInput): Promise<string> {
  const startedAtMs = state.stopRequestedAtMs ?? Date.now();
  setPhase(state, 'stopping');
  const outcome = await stopBatch(state, input, startedAtMs);
  const problem = await writeUnfinishedManifest(state, startedAtMs + STOP_TIMEOUT_MS);
  keepReportInMemo(toReport(state));
  log.info('The run was stopped', { batchId: state.batchId, outcome });
  return problem === null ? outcome : `${outcome}; ${problem}`;
}

async function stopBatch(state: BatchState, input: ResolvedBatchInput, startedAtMs: number): Promise<string> {
  const problem = state.batchId === null ? await adoptPreviousBatch(state, startedAtMs + CANCEL_BATCH_UNTIL_MS) : null;
  const { batchId, status } = state;
  if (batchId === null) return problem ?? 'nothing had to be cancelled';
  if (input.onStop === 'leave') {
    return status !== null && isTerminal(status)
      ? `the batch is ${status}, and its jobs were not cancelled`
      : `the batch was left running (last status ${status ?? 'not known'})`;
  }
  const { scope, directoryId, resultsGraceMs } = input;
  const batch = await cancelRemoteBatch({ scope, directoryId, batchId, status }, startedAtMs + CANCEL_BATCH_UNTIL_MS);
  if (batch.status !== null) setStatus(state, batch.status);
  if (batch.status === 'FAILED') return batch.text;
  const toCancel = { scope, directoryId, batchId, status: batch.status, knownJobs: findOpenJobs(state) };
  const jobs = await cancelRemoteJobs(toCancel, startedAtMs + CANCEL_JOBS_UNTIL_MS, resultsGraceMs);
  const documentsOutcome = await collectFinished(
    state,
    input,
    batchId,
    jobs.hasResults,
    startedAtMs + COLLECT_UNTIL_MS,
  );
  return [batch.text, jobs.text, documentsOutcome].filter((outcome) => outcome !== null).join('; ');
}

/** The jobs of the page in progress that may still be running. */
function findOpenJobs({ page }: BatchState): JobReference[] {
  const open = page?.files.filter(({ row, jobEnded, line }) => line === null && !jobEnded && row.storedLine === null);
  return (open ?? []).flatMap(({ row }) => row.job ?? []);
}

/**
 * If a person has reset this run, a `createBatch` workflow from before the reset may still create a batch: cancels that workflow. If it had
 * a batch, this run takes it over.
 *
 * @returns What could not be done.
 */
async function adoptPreviousBatch(state: BatchState, deadlineMs: number): Promise<string | null> {
  const { workflowId, runId } = workflowInfo();
  const options = {
    summary: 'Cancel a create from before a reset, if any',
    scheduleToCloseTimeout: remainingMs(deadlineMs),
  };
  try {
    const batch = await cancelPreviousCreates.executeWithOptions(options, [{ workflowId, runId }]);
    if (batch !== null) adoptBatch(state, batch);
    return null;
  } catch (error) {
    return logFailedStep('a create from before a reset could not be cancelled', error, {});
  }
}

/**
 * Collects the documents of the jobs that are COMPLETED: they are paid for. Custom child workflows, and `processJob` on a task queue of
 * its own, are not started any more, since nobody knows how long they take. A run with `batchId` and `onlyMissing` can start them later.
 *
 * @param hasResults Whether pages can be read. The page in progress is collected even if they can't.
 * @returns What could not be done, for the message of the run's failure.
 */
async function collectFinished(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
  hasResults: boolean,
  deadlineMs: number,
): Promise<string | null> {
  if (input.child.workflowType !== WORKFLOW_TYPES.processJob || input.child.taskQueue !== undefined) return null;
  const jobDeadlineMs = Math.min(deadlineMs, Date.now() + JOB_END_WAIT_MS);
  const deadlines = { graceMs: 0, jobDeadlineMs, manifestDeadlineMs: deadlineMs };
  try {
    await CancellationScope.withTimeout(remainingMs(deadlineMs), async () => {
      while ((hasResults || state.page !== null) && (await processResultsPage(state, input, batchId, deadlines)));
    });
    return null;
  } catch (error) {
    return logFailedStep('what had finished could not all be collected', error, { batchId });
  }
}

/**
 * For a run that ends early: writes the manifest lines of the page in progress. Files that have no outcome yet are recorded as `SKIPPED`.
 * Writes nothing if no results were read, since then no file is known.
 *
 * @returns What could not be done, for the message of the run's failure.
 */
export async function writeUnfinishedManifest(state: BatchState, deadlineMs: number): Promise<string | null> {
  const { page, batchId, parts, manifest } = state;
  if (page !== null) skipRemainingFiles(state, page, NOT_COLLECTED);
  // The files of pages that were not read are counted, but have no line: their names are not known.
  recordSkippedFiles(skipUnreadFiles(state));
  if (batchId === null || manifest !== null || (page === null && parts === 0)) return null;
  try {
    await writePage(state, batchId, page, true, deadlineMs);
    return null;
  } catch (error) {
    return logFailedStep('the manifest could not be written', error, { batchId });
  }
}
