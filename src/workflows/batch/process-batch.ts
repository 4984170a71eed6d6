/** The steps of a batch run. Their numbers, here and in other files, are those of `docs/architecture.md`. */
import { CancellationScope, CancelledFailure, continueAsNew, defineQuery, setHandler } from '@temporalio/workflow';
import {
  type BatchProgress,
  type BatchReport,
  describeFailedBatch,
  isFailure,
  PROGRESS_QUERY,
  type ProcessBatchInput,
  type ResolvedBatchInput,
} from '../../protocol/index.js';
import { openBatch } from '../shared/activities.js';
import { assertContinuedState } from '../shared/continued-state.js';
import { handleControl, publishRunState } from '../shared/control.js';
import { recordBatchOutcome } from '../shared/metrics.js';
import { recordEnd } from '../shared/run-state.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { unwrapFailure } from '../shared/unwrap-failure.js';
import { acquireBatch } from './acquire-batch.js';
import { toBatchFailure } from './batch-failure.js';
import { withinDeadline } from './deadline.js';
import { processResultsPage } from './process-results-page.js';
import { publishBatch, publishDetails, setPhase, setStatus } from './publish.js';
import { type BatchState, hasTooManyFailures, newBatchState, toProgress, toReport } from './state.js';
import { writeUnfinishedManifest } from './stop.js';
import { waitForEnd } from './wait-for-end.js';
import { wakeSignal } from './wake.js';
import { watchBatch } from './watch-batch.js';

/** Progress of a batch run. Also answered after its end, while a worker runs. */
export const progressQuery = defineQuery<BatchProgress>(PROGRESS_QUERY);

/**
 * Runs one LlamaCloud batch over a source directory, durably: creates it once, waits for it, and collects the document of every
 * file through a child workflow each.
 *
 * @param input What to process. Validated before anything is sent.
 * @param continuedState Set by continue-as-new; leave it out.
 * @returns A small report. Its manifest has a line for every file.
 * @throws `InvalidInput`, `BatchFailed`, `BatchCancelled`, `BatchTimedOut`, `TooManyFailedFiles`, `CreateOutcomeUnknown`, and what
 * LlamaCloud rejects for good: `RequestRejected`, `NotAuthorized`, `OutOfCredits`, `NotFound`. If the run had a batch, the failure's
 * first detail is the {@link BatchReport}.
 */
export async function processBatch(input: ProcessBatchInput, continuedState?: BatchState): Promise<BatchReport> {
  assertContinuedState(continuedState);
  // The state may be from an earlier version.
  const state = { ...newBatchState(Date.now()), ...continuedState };
  setHandler(progressQuery, () => toProgress(state));
  setHandler(wakeSignal, () => {
    state.wakeRequested = true;
  });
  handleControl(state, () => publishDetails(state));
  // Continue-as-new keeps the memo that the run was started with, but neither what was upserted to it nor the current details of the UI.
  publishBatch(state);
  try {
    const report = await run(state, input);
    recordBatchOutcome('completed', null, report.job.type);
    return report;
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    throw await recordRunFailure(state, error);
  }
}

async function run(state: BatchState, input: ProcessBatchInput): Promise<BatchReport> {
  // Step 1: open: check the input.
  const resolved = await open(state, input);
  watchBatch(state, resolved);
  return withinDeadline(state, resolved, async () => {
    // A step returns `null` if the history has grown long: the run then continues as new, and goes on with the same step.
    // Steps 2 and 3: create the batch, publish its id.
    const batchId = await acquireBatch(state, resolved);
    if (batchId === null) return continueRunAsNew(input, state);
    // Step 4: wait.
    const status = await waitForEnd(state, resolved, batchId);
    if (status === null) return continueRunAsNew(input, state);
    // Step 5: only COMPLETED and CANCELLED have results.
    if (status === 'FAILED') throw toBatchFailure(state, 'BatchFailed', describeFailedBatch(batchId));
    // Steps 6 to 9, for one page of results: expand, wait for LlamaCloud's jobs, start a child for each job that has ended, write the lines.
    const hasMore = await processResultsPage(state, resolved, batchId, { graceMs: resolved.resultsGraceMs });
    if (hasMore) return continueRunAsNew(input, state);
    // The end of step 9: report.
    return finish(state, batchId);
  });
}

async function open(state: BatchState, input: ProcessBatchInput): Promise<ResolvedBatchInput> {
  if (state.opened === null) setPhase(state, 'opening');
  if (state.opened === null) {
    state.opened = await openBatch.executeWithOptions({ summary: 'Check the input' }, [input]);
    if (state.control.pause !== null) publishRunState(state);
  }
  return state.opened.input;
}

/** Continues as new, unless the run was cancelled meanwhile: the next execution would not know of the cancellation. */
function continueRunAsNew(input: ProcessBatchInput, state: BatchState): Promise<never> {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The run is being stopped');
  return continueAsNew<typeof processBatch>(input, state);
}

/** Returns the result. Throws if the batch was cancelled or too many of its files failed. */
function finish(state: BatchState, batchId: string): BatchReport {
  const { completed, failed, cancelled, total } = state.files;
  if (state.status === 'CANCELLED') {
    const found = `${completed} of its files had finished and were collected`;
    const problem = state.resultsMissing ? '; LlamaCloud returned no results, so there may be more such files' : '';
    const message = `batch ${batchId} was cancelled; ${found}${problem}`;
    throw toBatchFailure(state, 'BatchCancelled', message);
  }
  if (hasTooManyFailures(state)) {
    const alsoCancelled = cancelled === 0 ? '' : ` and ${cancelled} were cancelled`;
    const message = `${failed} of ${total} files of batch ${batchId} failed${alsoCancelled}`;
    throw toBatchFailure(state, 'TooManyFailedFiles', message);
  }
  const report = toReport(state);
  if (report === undefined) throw new Error('A batch that has ended has a report');
  setPhase(state, 'completed');
  return report;
}

/** How long a run that fails retries to write its manifest, in milliseconds. */
const UNFINISHED_MANIFEST_TIMEOUT_MS = 2 * 60_000;

/** Writes the manifest of a run that failed, unless `stop` has already written it, and records the failure. Returns the failure to throw. */
async function recordRunFailure(state: BatchState, error: unknown): Promise<unknown> {
  if (state.stopRequestedAtMs === null) {
    const deadlineMs = Date.now() + UNFINISHED_MANIFEST_TIMEOUT_MS;
    await CancellationScope.nonCancellable(() => writeUnfinishedManifest(state, deadlineMs));
  }
  // If `readResults` has found the batch FAILED, `state` still has the status of the last poll.
  if (isFailure(error, 'BatchFailed')) setStatus(state, 'FAILED');
  const failure = unwrapFailure(error, toReport(state));
  recordEnd(state, failure);
  publishDetails(state);
  const outcome = state.phase === 'cancelled' ? 'cancelled' : 'failed';
  recordBatchOutcome(outcome, state.failure, state.opened?.input.job.type);
  return failure;
}
