import {
  type ActivityOptions,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  defineQuery,
  isCancellation,
  log,
  patched,
  setHandler,
} from '@temporalio/workflow';
import type { WriteManifestInput } from '../activities/types.js';
import {
  type BatchProgress,
  type BatchReport,
  type BatchRequest,
  counted,
  failureIn,
  isTerminal,
  PROGRESS_QUERY,
  type ProcessBatchInput,
  type TerminalStatus,
} from '../protocol/index.js';
import { createBatch, listAtOnce, openBatch, readResults, watchBatch, writeManifest } from './activities.js';
import { atOnce } from './at-once.js';
import { fanOut } from './fan-out.js';
import { inItsWords } from './in-its-words.js';
import { enter, publishBatch, publishReport, publishStatus, publishWork } from './publish.js';
import { type BatchState, hasTooManyFailures, newState, progressOf, reportOf } from './state.js';
import { stop } from './stop.js';
import { wakeable, wakeSignal } from './wake.js';

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
  const state = { ...newState(Date.now()), ...carried };
  setHandler(progressQuery, () => progressOf(state));
  setHandler(wakeSignal, () => {
    state.wakes += 1;
  });
  try {
    return await run(state, input);
  } catch (error) {
    throw inItsWords(error, reportOf(state));
  }
}

async function run(state: BatchState, input: ProcessBatchInput): Promise<BatchReport> {
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
    publishWork(request);
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
    publishStatus(state, await wakeable(state, () => watchBatch.executeWithOptions({ summary }, [look])));
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
  state.resultsSinceMs ??= Date.now();
  const summary = `Read the results of ${batchId}`;
  const read = {
    batchId,
    directoryId,
    status,
    ...(state.cursor === null ? {} : { cursor: state.cursor }),
    ...(request.onlyFailed ? { onlyFailed: request.collect } : {}),
    pageSize,
    graceMs: resultsGraceMs,
    sinceMs: state.resultsSinceMs,
    poll,
    ...request.scope,
  };
  const page = await wakeable(state, () => readResults.executeWithOptions({ summary }, [read]));
  // Rows may come and go between pages: the total is what has been counted and what is left.
  state.files.total = counted(state.files) + page.rows.length + page.remaining;

  enter(state, 'processing');
  const lines = await fanOut(state, request, batchId, page);

  const { collect, job } = request;
  const hasNext = page.next !== undefined;
  const manifest = { batchId, lines, jobType: job.type, collect, part: state.pages, last: !hasNext };
  await listUnlessStopped(state, manifest);
  state.pages += 1;
  state.cursor = page.next ?? null;
  return hasNext;
}

/** Of a run that is being stopped: what has been collected is listed, unless the output store does not take it. */
const LAST_WORDS = { scheduleToCloseTimeout: '10 minutes' } as const;

/** @throws CancelledFailure for a run that is being stopped, after what it has is listed. */
async function listUnlessStopped(state: BatchState, manifest: WriteManifestInput): Promise<void> {
  if (!CancellationScope.current().consideredCancelled) {
    try {
      return await list(state, manifest);
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
  }
  const whole = { ...manifest, last: true, partial: !manifest.last };
  try {
    await CancellationScope.nonCancellable(() => list(state, whole, LAST_WORDS));
  } catch (error) {
    log.error('The manifest of a run that was stopped could not be written', { message: failureIn(error).message });
  }
  throw new CancelledFailure('The run was stopped');
}

async function list(state: BatchState, manifest: WriteManifestInput, options: ActivityOptions = {}): Promise<void> {
  enter(state, 'reporting');
  const summary = `List ${manifest.lines.length} files`;
  // A line for every file: that need not be in history as well.
  const atHand = patched('list-at-once') ? await atOnce(() => listAtOnce(manifest)) : undefined;
  state.manifest = atHand ?? (await writeManifest.executeWithOptions({ ...options, summary }, [manifest]));
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
    const fate = await CancellationScope.nonCancellable(() => stopAndCollect(state, request));
    if (CancellationScope.current().consideredCancelled) throw error;
    const batch = state.batchId === null ? 'the batch' : `batch ${state.batchId}`;
    throw ended(state, 'BatchTimedOut', `${batch} did not end within ${request.timeoutMs / 1_000} s, and ${fate}`);
  }
}

/** A batch that was stopped while nobody had read its results keeps those of the files that had finished, and they are paid for. */
async function stopAndCollect(state: BatchState, request: BatchRequest): Promise<string> {
  const isUnread = state.phase === 'creating' || state.phase === 'waiting' || state.phase === 'expanding';
  const fate = await stop(state, request);
  const { batchId, status } = state;
  const hasEnded = status === 'CANCELLED' || status === 'COMPLETED';
  if (isUnread && batchId !== null && hasEnded && request.onStop === 'cancel' && patched('collect-finished')) {
    await collectFinished(state, request, batchId, status);
    publishReport(state);
  }
  return fate;
}

/** Of a run that is being stopped: nothing is waited for, and all of it takes ten minutes at most. */
async function collectFinished(state: BatchState, request: BatchRequest, batchId: string, status: string) {
  const atOnce = { ...request, resultsGraceMs: 0 };
  try {
    await CancellationScope.withTimeout('10 minutes', async () => {
      while (await processPage(state, atOnce, batchId, status));
    });
  } catch (error) {
    const { message } = failureIn(error);
    log.error('What had finished of a batch that was stopped could not be collected', { batchId, message });
  }
}

function ended(
  state: BatchState,
  type: 'BatchFailed' | 'BatchCancelled' | 'BatchTimedOut' | 'TooManyFailedFiles',
  message: string,
) {
  return ApplicationFailure.nonRetryable(message, type, reportOf(state));
}
