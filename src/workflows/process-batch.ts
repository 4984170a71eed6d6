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
  type BatchPhase,
  type BatchProgress,
  type BatchReport,
  type BatchRequest,
  isTerminal,
  PROGRESS_QUERY,
  type ProcessBatchInput,
  type TerminalStatus,
} from '../protocol/index.js';
import { cancelBatch, createBatch, openBatch, readResults, watchBatch, writeManifest } from './activities.js';
import { fanOut } from './fan-out.js';
import { publishBatch, publishDetails, publishStatus } from './publish.js';
import { type BatchState, hasTooManyFailures, newState, progressOf, reportOf } from './state.js';

/** How far a run is. Answers after its end as well, while a worker is there. */
export const progressQuery = defineQuery<BatchProgress>(PROGRESS_QUERY);

/**
 * Runs one LlamaCloud batch over a source directory, durably: creates it once, waits for it, and collects the document of
 * every file through a child workflow each.
 *
 * @param input What to process. Validated before anything is sent.
 * @param carried Set by continue-as-new; leave it out.
 * @returns A small report. The manifest that it names has a line for every file.
 * @throws `InvalidInput`, `BatchFailed`, `BatchCancelled`, `BatchTimedOut`, `TooManyFailedFiles`, and at create what
 * LlamaCloud rejects: `RequestRejected`, `NotAuthorized`, `OutOfCredits`. Once there was a batch, the failure's first detail
 * is the {@link BatchReport}.
 */
export async function processBatch(input: ProcessBatchInput, carried?: BatchState): Promise<BatchReport> {
  const state = carried ?? newState(Date.now());
  setHandler(progressQuery, () => progressOf(state));

  const { request } = await open(state, input);
  return withinDeadline(state, request, async () => {
    const batchId = await create(state, request);
    const status = await waitForEnd(state, request, batchId);
    if (status === 'FAILED')
      throw ended(state, 'BatchFailed', `batch ${batchId} failed, so it has no reliable results`);
    const hasMore = await processPage(state, request, batchId, status);
    if (hasMore) return continueAsNew<typeof processBatch>(input, state);
    return report(state, batchId, status);
  });
}

/** Step 1, first half: validates the input, and records the batches that are there already. */
async function open(state: BatchState, input: ProcessBatchInput) {
  enter(state, state.opened === null ? 'opening' : state.phase);
  state.opened ??= await openBatch.executeWithOptions({ summary: 'Check the input, list recent batches' }, [input]);
  return state.opened;
}

/** Steps 1 and 2: creates the batch, or adopts the one that was given, and publishes its id at once. */
async function create(state: BatchState, request: BatchRequest): Promise<string> {
  if (state.batchId !== null) return state.batchId;
  enter(state, 'creating');
  const known = state.opened?.known;
  if (request.batchId !== undefined || known === undefined) {
    state.batchId = request.batchId ?? null;
  } else {
    const summary = `Create a ${request.job.type} batch over ${request.directoryId}`;
    const created = await createBatch.executeWithOptions({ summary }, [{ request, known }]);
    state.batchId = created.batchId;
    state.status = created.status;
  }
  if (state.batchId === null)
    throw ApplicationFailure.nonRetryable('there is neither a batch id nor a batch', 'InvalidInput');
  publishBatch(state);
  return state.batchId;
}

/** Step 3: Temporal's server does the waiting, inside the retries of one activity per status. */
async function waitForEnd(state: BatchState, request: BatchRequest, batchId: string): Promise<TerminalStatus> {
  const { poll } = request;
  const waitingSinceMs = Date.now();
  for (;;) {
    const { status: lastStatus } = state;
    if (lastStatus !== null && isTerminal(lastStatus)) return lastStatus;
    enter(state, 'waiting');
    const summary = lastStatus === null ? `Look at batch ${batchId}` : `Wait for ${batchId} to leave ${lastStatus}`;
    const look = { batchId, lastStatus, waitingSinceMs, poll, ...request.scope };
    publishStatus(state, await watchBatch.executeWithOptions({ summary }, [look]));
  }
}

/** Steps 5 to 7 for one page of results. Returns whether there is another. */
async function processPage(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  status: string,
): Promise<boolean> {
  const { directoryId, pageSize, poll, resultsGraceMs } = request;
  enter(state, 'expanding');
  const page = await readResults.executeWithOptions({ summary: `Read the results of ${batchId}` }, [
    {
      batchId,
      directoryId,
      status,
      ...(state.cursor === null ? {} : { cursor: state.cursor }),
      pageSize,
      graceMs: resultsGraceMs,
      poll,
      ...request.scope,
    },
  ]);
  state.files.total = page.total;

  enter(state, 'processing');
  const lines = await fanOut(state, request, batchId, page.rows);

  enter(state, 'reporting');
  const last = page.next === undefined || CancellationScope.current().consideredCancelled;
  // What has been collected is listed, also when the run is being stopped.
  state.manifest = await CancellationScope.nonCancellable(() =>
    writeManifest.executeWithOptions({ summary: `List ${lines.length} files` }, [
      { batchId, lines, part: state.pages, last },
    ]),
  );
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The run was stopped');
  state.pages += 1;
  state.cursor = page.next ?? null;
  return page.next !== undefined;
}

/** Step 7: the result, unless the batch was cancelled or too many of its files failed. */
function report(state: BatchState, batchId: string, status: TerminalStatus): BatchReport {
  enter(state, 'done');
  const { completed, failed, cancelled, total } = state.files;
  if (status === 'CANCELLED') {
    throw ended(
      state,
      'BatchCancelled',
      `batch ${batchId} was cancelled; ${completed} of its files had finished and were collected`,
    );
  }
  if (hasTooManyFailures(state)) {
    throw ended(state, 'TooManyFailedFiles', `${failed + cancelled} of ${total} files of batch ${batchId} failed`);
  }
  const result = reportOf(state);
  if (result === undefined) throw new Error('there is nothing to report');
  return result;
}

/** Runs the steps until the deadline. A run that is stopped, by a person or by its deadline, stops the remote batch as well. */
async function withinDeadline<T>(state: BatchState, request: BatchRequest, steps: () => Promise<T>): Promise<T> {
  const left = Math.max(1, state.startedAtMs + request.timeoutMs - Date.now());
  try {
    return await CancellationScope.withTimeout(left, steps);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(() => stop(state, request));
    if (CancellationScope.current().consideredCancelled) throw error;
    throw ended(state, 'BatchTimedOut', `batch ${state.batchId} did not end in time, and was cancelled`);
  }
}

async function stop(state: BatchState, { poll, scope }: BatchRequest): Promise<void> {
  const { batchId, status } = state;
  if (batchId === null || (status !== null && isTerminal(status))) return;
  enter(state, 'cancelling');
  const summary = `Cancel batch ${batchId}`;
  const stopped = await cancelBatch.executeWithOptions({ summary }, [{ batchId, poll, ...scope }]);
  publishStatus(state, stopped);
}

function ended(
  state: BatchState,
  type: 'BatchFailed' | 'BatchCancelled' | 'BatchTimedOut' | 'TooManyFailedFiles',
  message: string,
) {
  return ApplicationFailure.nonRetryable(message, type, reportOf(state));
}

function enter(state: BatchState, phase: BatchPhase): void {
  state.phase = phase;
  publishDetails(state);
}
