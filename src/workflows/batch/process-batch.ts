import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  defineQuery,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import {
  type BatchProgress,
  type BatchReport,
  type BatchRequest,
  type FailureType,
  isFailure,
  PROGRESS_QUERY,
  type ProcessBatchInput,
  rootFailure,
} from '../../protocol/index.js';
import { openBatch } from '../shared/activities.js';
import { assertCarried } from '../shared/carried.js';
import { isRunFailure, unwrapFailure } from '../shared/unwrap-failure.js';
import { wakeSignal } from '../shared/wake.js';
import { acquireBatch } from './acquire-batch.js';
import { processPage } from './process-page.js';
import { publishBatch, publishEnd, setPhase, setStatus } from './publish.js';
import { type BatchState, hasTooManyFailures, newState, skipUnread, toProgress, toReport } from './state.js';
import { stop, writeRest } from './stop.js';
import { waitForEnd } from './wait-for-end.js';

/** How far a run is. Answers after its end as well, while a worker is there. */
export const progressQuery = defineQuery<BatchProgress>(PROGRESS_QUERY);

/**
 * Runs one LlamaCloud batch over a source directory, durably: creates it once, waits for it, and collects the document of
 * every file through a child workflow each.
 *
 * @param input What to process. Validated before anything is sent.
 * @param carried Set by continue-as-new; leave it out.
 * @returns A small report. The manifest that it names has a line for every file.
 * @throws `InvalidInput`, `BatchFailed`, `BatchCancelled`, `BatchTimedOut`, `TooManyFailedFiles`, and what LlamaCloud rejects
 * for good: `RequestRejected`, `NotAuthorized`, `OutOfCredits`, `NotFound`. Once there was a batch, the failure's first
 * detail is the {@link BatchReport}.
 */
export async function processBatch(input: ProcessBatchInput, carried?: BatchState): Promise<BatchReport> {
  assertCarried(carried);
  const state = carried ?? newState(Date.now());
  setHandler(progressQuery, () => toProgress(state));
  setHandler(wakeSignal, () => {
    state.wakeRequests += 1;
  });
  // Continue-as-new leaves the memo and the details behind.
  publishBatch(state);
  try {
    return await run(state, input);
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    if (state.stopRequestedAtMs === null)
      await CancellationScope.nonCancellable(() => writeRest(state, Date.now() + WRITE_REST_MS));
    skipUnread(state);
    // The last status seen is that of the poll before.
    if (isFailure(error, 'BatchFailed')) setStatus(state, 'FAILED');
    const failure = unwrapFailure(error, toReport(state));
    publishEnd(
      state,
      isCancellation(failure) ? 'cancelled' : 'failed',
      failure instanceof CancelledFailure ? { type: failure.name, message: failure.message } : rootFailure(failure),
    );
    throw failure;
  }
}

/** A run that fails between two pages lists what it has, unless the output store does not take it. */
const WRITE_REST_MS = 2 * 60_000;

async function run(state: BatchState, input: ProcessBatchInput): Promise<BatchReport> {
  const request = await open(state, input);
  return withinDeadline(state, request, async () => {
    const batchId = await acquireBatch(state, request);
    const status = await waitForEnd(state, request, batchId);
    if (status === null) return continueRun(input, state);
    if (status === 'FAILED')
      throw endedBadly(state, 'BatchFailed', `batch ${batchId} failed, so it has no reliable results`);
    state.resultsSinceMs ??= Date.now();
    const page = { graceMs: request.resultsGraceMs, jobDeadlineMs: state.resultsSinceMs + request.jobTimeoutMs };
    const hasMore = await processPage(state, request, batchId, page);
    if (hasMore) return continueRun(input, state);
    return finish(state, batchId);
  });
}

/** The run that follows would not know that this one was cancelled meanwhile. */
function continueRun(input: ProcessBatchInput, state: BatchState): Promise<never> {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The run is being stopped');
  return continueAsNew<typeof processBatch>(input, state);
}

/** Step 1: validates the input. */
async function open(state: BatchState, input: ProcessBatchInput): Promise<BatchRequest> {
  if (state.opened === null) setPhase(state, 'opening');
  state.opened ??= await openBatch.executeWithOptions({ summary: 'Check the input' }, [input]);
  return state.opened.request;
}

/** Step 9: the result, unless the batch was cancelled or too many of its files failed. */
function finish(state: BatchState, batchId: string): BatchReport {
  const { completed, failed, cancelled, total } = state.files;
  if (state.status === 'CANCELLED') {
    const message = `batch ${batchId} was cancelled; ${completed} of its files had finished and were collected`;
    throw endedBadly(state, 'BatchCancelled', message);
  }
  if (hasTooManyFailures(state)) {
    throw endedBadly(state, 'TooManyFailedFiles', `${failed + cancelled} of ${total} files of batch ${batchId} failed`);
  }
  const report = toReport(state);
  if (report === undefined) throw new Error('a batch that has ended has a report');
  setPhase(state, 'completed');
  return report;
}

/** Runs the steps until the deadline. A run that is stopped, by a person or by its deadline, stops the remote batch as well. */
async function withinDeadline<T>(state: BatchState, request: BatchRequest, steps: () => Promise<T>): Promise<T> {
  const left = Math.max(1, state.startedAtMs + request.timeoutMs - Date.now());
  try {
    return await CancellationScope.withTimeout(left, () => {
      CancellationScope.current().cancelRequested.catch(() => {
        state.stopRequestedAtMs = Date.now();
        setPhase(state, 'stopping');
      });
      return steps();
    });
  } catch (error) {
    if (!isRunFailure(error) || state.stopRequestedAtMs === null) throw error;
    const outcome = await CancellationScope.nonCancellable(() => stop(state, request));
    if (!isCancellation(error)) throw error;
    const batch = state.batchId === null ? 'the batch' : `batch ${state.batchId}`;
    if (CancellationScope.current().consideredCancelled)
      throw new CancelledFailure(`the run was cancelled before ${batch} had been collected; ${outcome}`, [], error);
    throw endedBadly(state, 'BatchTimedOut', `${batch} did not end within ${request.timeoutMs / 1_000} s; ${outcome}`);
  }
}

function endedBadly(state: BatchState, type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type, toReport(state));
}
