import { CancellationScope, isCancellation, log } from '@temporalio/workflow';
import type { CancelledJobs } from '../../activities/types.js';
import {
  type BatchRequest,
  cleanText,
  isTerminal,
  rootFailure,
  STOP_TIMEOUT_MS,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import { cancelBatch, cancelJobs } from '../shared/activities.js';
import { isRunFailure } from '../shared/unwrap-failure.js';
import { skipRest } from './fan-out.js';
import { processPage, writePage } from './process-page.js';
import { publishReport, setPhase, setStatus } from './publish.js';
import { type BatchState, skipUnread } from './state.js';

/** Shares of {@link STOP_TIMEOUT_MS}, from its beginning: what comes later has its time whatever happens before. */
const CANCEL_BATCH_UNTIL_MS = 0.3 * STOP_TIMEOUT_MS;
const CANCEL_JOBS_UNTIL_MS = 0.6 * STOP_TIMEOUT_MS;
const COLLECT_UNTIL_MS = 0.9 * STOP_TIMEOUT_MS;

/**
 * How long results and jobs that are not there yet are waited for, in milliseconds. Of a batch that was cancelled most never come,
 * and a person waits for the end; of one that is COMPLETED they do come, and each job costs money.
 */
const RESULTS_WAIT_MS = { cancelled: 5_000, completed: 30_000 };

/** How long jobs that do not stop although they were asked to are waited for, in milliseconds. */
const JOBS_WAIT_MS = 30_000;

/**
 * Stops a run that is cancelled or past its deadline: cancels the batch and its jobs, collects what had finished, and writes the
 * manifest, within ten minutes of that for all of it. Or leaves the batch as it is, where the input says so.
 *
 * @returns What happened to the batch, in words.
 */
export async function stop(state: BatchState, request: BatchRequest): Promise<string> {
  const startedAtMs = state.stopRequestedAtMs ?? Date.now();
  setPhase(state, 'stopping');
  const outcome = await stopBatch(state, request, startedAtMs);
  await writeRest(state, startedAtMs + STOP_TIMEOUT_MS);
  publishReport(state);
  log.info('The run was stopped', { batchId: state.batchId, outcome });
  return outcome;
}

async function stopBatch(state: BatchState, request: BatchRequest, startedAtMs: number): Promise<string> {
  const { batchId } = state;
  if (batchId === null) return 'there was no batch to cancel';
  if (request.onStop === 'leave') return 'it was left running';
  const batch = await cancelRemoteBatch(state, request, batchId, startedAtMs + CANCEL_BATCH_UNTIL_MS);
  if (state.status === 'FAILED') return batch;
  const jobs = await cancelRemoteJobs(state, request, batchId, startedAtMs + CANCEL_JOBS_UNTIL_MS);
  const documents = jobs.hasResults
    ? await collectFinished(state, request, batchId, startedAtMs + COLLECT_UNTIL_MS)
    : null;
  return [batch, jobs.outcome, documents].filter((outcome) => outcome !== null).join(', ');
}

async function cancelRemoteBatch(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  deadlineMs: number,
): Promise<string> {
  if (state.status !== null && isTerminal(state.status)) return `it is ${state.status}`;
  const options = { summary: `Cancel batch ${batchId}`, scheduleToCloseTimeout: leftMs(deadlineMs) };
  try {
    const input = { ...request.scope, batchId };
    setStatus(state, await cancelBatch.executeWithOptions(options, [input]));
    return `it is ${state.status}`;
  } catch (error) {
    return failedStep('it could not be cancelled', error, { batchId });
  }
}

/** A batch that has ended can't be cancelled any more, and its jobs go on: they are cancelled one by one. */
async function cancelRemoteJobs(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  deadlineMs: number,
): Promise<{ outcome: string | null; hasResults: boolean }> {
  const options = { summary: `Cancel the jobs of batch ${batchId}`, scheduleToCloseTimeout: leftMs(deadlineMs) };
  try {
    const { scope, directoryId, resultsGraceMs } = request;
    const maxWaitMs = state.status === 'COMPLETED' ? RESULTS_WAIT_MS.completed : RESULTS_WAIT_MS.cancelled;
    const input = { ...scope, batchId, directoryId, waitMs: Math.min(maxWaitMs, resultsGraceMs) };
    const jobs = await cancelJobs.executeWithOptions(options, [input]);
    return { outcome: describeJobs(jobs), hasResults: jobs.unmapped !== null };
  } catch (error) {
    const hasResults = state.status === 'CANCELLED' || state.status === 'COMPLETED';
    return { outcome: failedStep('its jobs could not all be cancelled', error, { batchId }), hasResults };
  }
}

function describeJobs({ cancelled, refused, unmapped }: CancelledJobs): string | null {
  if (unmapped === null) return 'it has no results, so whatever jobs it has could not be cancelled';
  const parts = [
    cancelled > 0 ? `${cancelled} of its jobs were cancelled` : null,
    refused.length > 0 ? `LlamaCloud refused to cancel ${refused.length} jobs: ${listed(refused)}` : null,
    unmapped > 0 ? `${unmapped} files have no job yet` : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}

/** The message of a failure has room for so many ids; all of them are in the result of the activity. */
function listed(jobIds: readonly string[]): string {
  return jobIds.length > 4 ? `${jobIds.slice(0, 4).join(', ')}, …` : jobIds.join(', ');
}

/**
 * What had finished of a batch that was stopped keeps its results, and is paid for. A child workflow of the caller's own is not
 * started any more: nobody knows how long it takes. A run with `batchId` and `onlyFailed` does it later.
 */
async function collectFinished(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  deadlineMs: number,
): Promise<string | null> {
  if (request.child.workflowType !== WORKFLOW_TYPES.processJob || request.child.taskQueue !== undefined) return null;
  const jobDeadlineMs = Math.min(deadlineMs, Date.now() + JOBS_WAIT_MS);
  const page = { graceMs: 0, jobDeadlineMs, manifestDeadlineMs: deadlineMs };
  try {
    await CancellationScope.withTimeout(leftMs(deadlineMs), async () => {
      while (await processPage(state, request, batchId, page));
    });
    return null;
  } catch (error) {
    return failedStep('what had finished could not all be collected', error, { batchId });
  }
}

/** Writes what is not in the manifest yet of a run that ends early. Files whose outcome is not known are skipped. */
export async function writeRest(state: BatchState, deadlineMs: number): Promise<void> {
  const { page, batchId, parts, manifest } = state;
  if (page !== null) skipRest(state, page, 'the run ended before its document was collected');
  // Those of the pages that were not read any more are in no line.
  const unread = skipUnread(state);
  if (batchId === null || manifest !== null || (page === null && parts === 0)) return;
  const lines = page?.lines.filter((line) => line !== null) ?? [];
  try {
    await writePage(state, batchId, lines, { isLast: true, isWhole: unread === 0 }, deadlineMs);
  } catch (error) {
    failedStep('the manifest could not be written', error, { batchId });
  }
}

/** A step of the stop that fails does not keep the others from being done. */
function failedStep(what: string, error: unknown, context: Record<string, unknown>): string {
  if (!isRunFailure(error)) throw error;
  const message = isCancellation(error) ? 'there was no more time' : cleanText(rootFailure(error).message);
  log.error(`While the run was ending, ${what}`, { ...context, message });
  return `${what}: ${message}`;
}

function leftMs(deadlineMs: number): number {
  return Math.max(1_000, deadlineMs - Date.now());
}
