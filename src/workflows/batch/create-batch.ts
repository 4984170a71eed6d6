import type { ActivityOptions } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  sleep,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { BatchToCreate, CreatedBatch, ListedBatches, PostFailureDetails } from '../../activities/types.js';
import {
  BATCH_ID_MEMO,
  BLOCKED_BY_MEMO,
  cleanText,
  describeBatch,
  MIN_DELAY_MS,
  type OnStop,
  PREEXISTING_BATCHES_MEMO,
  rootFailure,
} from '../../protocol/index.js';
import {
  cancelBatch,
  findCreatedBatch,
  findEarlierCreates,
  listRecentBatches,
  postBatch,
} from '../shared/activities.js';
import { assertCarried } from '../shared/carried.js';
import { code } from '../shared/details.js';
import { isRunFailure, unwrapFailure } from '../shared/unwrap-failure.js';
import { assertCreateInput } from './create-input.js';

export interface CreateBatchInput {
  work: BatchToCreate;
  /** What to do with the batch when the run that it is for goes. */
  onStop: OnStop;
}

/** What continue-as-new carries. */
export interface CreateState {
  /** `null` until they are listed. */
  preexisting: ListedBatches | null;
  /** Was a POST sent whose outcome is not known? */
  mayHavePosted: boolean;
  batch: CreatedBatch | null;
}

/**
 * Creates one batch, once. LlamaCloud has no idempotency key, and a create whose answer was lost may have made a batch that costs
 * money: so before each further POST the batch is looked for, among those that were not there before.
 *
 * `processBatch` runs this as a child whose workflow id is made of the work: Temporal runs one of an id at a time, so within
 * a namespace nobody else creates a batch of the same work meanwhile, and what is new in the list is this run's. The lock is
 * held until LlamaCloud's list shows the batch: the next create has to see that it was there before.
 *
 * When it is cancelled, because its run was cancelled or has closed, it looks for what it may have created, and cancels that.
 */
export async function createBatch(input: CreateBatchInput, carried?: CreateState): Promise<CreatedBatch> {
  assertCarried(carried);
  assertCreateInput(input);
  const state = carried ?? { preexisting: null, mayHavePosted: false, batch: null };
  try {
    return await create(input, state);
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    if (!isCancellation(error)) throw unwrapFailure(error);
    return await CancellationScope.nonCancellable(() => settle(input, state));
  }
}

async function create(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch> {
  const { work } = input;
  const summary = describeBatch(work);
  let preexisting = await begin(work, state);
  for (let attempt = 1; state.batch === null; attempt++) {
    const mustLookFirst = attempt > 1 || state.mayHavePosted;
    state.batch = mustLookFirst ? await find(work, preexisting, state.mayHavePosted) : null;
    if (state.batch !== null) break;
    state.mayHavePosted = true;
    const posted = await postBatch
      .executeWithOptions({ summary: `Create a batch: ${summary}` }, [work])
      .catch(toPostFailure);
    if ('batchId' in posted) state.batch = posted;
    else if (posted.wasReset) {
      // Nothing was sent. What was listed may have the batch of the earlier POST in it.
      state.preexisting = null;
      preexisting = await begin(work, state);
    } else await waitForRetry(input, state, posted, preexisting);
  }
  upsertMemo({ [BATCH_ID_MEMO]: state.batch.batchId, [BLOCKED_BY_MEMO]: undefined });
  setCurrentDetails(`Created ${code(state.batch.batchId)}`);
  await waitUntilListed(work, preexisting);
  return state.batch;
}

/** Lists what is there, unless an earlier execution of this create has. */
async function begin(work: BatchToCreate, state: CreateState): Promise<ListedBatches> {
  if (state.preexisting === null) await recall(work, state);
  const summary = `List recent batches over ${work.directoryId}`;
  state.preexisting ??= await listRecentBatches.executeWithOptions({ summary }, [work]);
  upsertMemo({ [PREEXISTING_BATCHES_MEMO]: state.preexisting });
  return state.preexisting;
}

/** Learns what earlier executions of this create have done: a person may have reset it, or its run. */
async function recall(work: BatchToCreate, state: CreateState, options: ActivityOptions = {}): Promise<void> {
  const { workflowId, runId, parent } = workflowInfo();
  const runs = { create: { workflowId, runId }, parent: parent ?? null };
  const summary = 'Look for earlier creates of this run';
  const earlier = await findEarlierCreates.executeWithOptions({ ...options, summary }, [{ scope: work.scope, runs }]);
  state.batch = earlier.batch;
  state.preexisting = earlier.preexisting;
  state.mayHavePosted = earlier.preexisting !== null;
}

/** The batch that may have been created, once LlamaCloud's list would show it; `null` where there is none. */
function find(work: BatchToCreate, preexisting: ListedBatches, wait: boolean): Promise<CreatedBatch | null> {
  const summary = `Look for a new batch over ${work.directoryId}`;
  return findCreatedBatch.executeWithOptions({ summary }, [{ ...work, preexisting, wait }]);
}

interface PostFailure extends PostFailureDetails {
  error: unknown;
  /** Did LlamaCloud reject the request for good? */
  isFinal: boolean;
}

function toPostFailure(error: unknown): PostFailure {
  if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
  const details: unknown = error.cause instanceof ApplicationFailure ? error.cause.details?.[0] : undefined;
  if (isPostFailureDetails(details)) return { ...details, error, isFinal: false };
  // Without details it is a rejection, or the attempt has not ended by itself: its worker is gone, or a person has paused it.
  const isFinal = error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true;
  return { mayHaveTakenEffect: !isFinal, retryDelayMs: 0, error, isFinal };
}

function isPostFailureDetails(value: unknown): value is PostFailureDetails {
  return typeof value === 'object' && value !== null && 'mayHaveTakenEffect' in value && 'retryDelayMs' in value;
}

/** @throws what LlamaCloud rejected the request with, unless an earlier one has made a batch after all. */
async function waitForRetry(
  input: CreateBatchInput,
  state: CreateState,
  { mayHaveTakenEffect, retryDelayMs, error, isFinal }: PostFailure,
  preexisting: ListedBatches,
): Promise<void> {
  if (isFinal) {
    state.batch = await find(input.work, preexisting, false);
    state.mayHavePosted = false;
    if (state.batch === null) throw error;
    return;
  }
  state.mayHavePosted = mayHaveTakenEffect;
  const { type, message } = rootFailure(error);
  setCurrentDetails(`The batch is not created yet: ${code(type)} ${code(message)}`);
  upsertMemo({ [BLOCKED_BY_MEMO]: cleanText(message) });
  log.warn('The batch is not created yet', { type, message, mayHaveTakenEffect });
  await sleep(Math.max(MIN_DELAY_MS, retryDelayMs));
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The create is being stopped');
  // A reset of the execution that follows forgets the POSTs that it sent: it assumes one.
  if (workflowInfo().continueAsNewSuggested)
    await continueAsNew<typeof createBatch>(input, { ...state, mayHavePosted: true });
}

/** Bounded: a list that never shows the batch is no reason to hold the run up. */
async function waitUntilListed(work: BatchToCreate, preexisting: ListedBatches): Promise<void> {
  const options = { summary: 'Wait until the list shows the batch', scheduleToCloseTimeout: '3 minutes' } as const;
  try {
    await findCreatedBatch.executeWithOptions(options, [{ ...work, preexisting, wait: true }]);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  }
}

/** For what is left to do once the run has been stopped. */
const CLEANUP_OPTIONS = { scheduleToCloseTimeout: '2 minutes' } as const;

/** The run is being stopped, or has gone: leaves no batch behind that nobody knows of. */
async function settle({ work, onStop }: CreateBatchInput, state: CreateState): Promise<CreatedBatch> {
  const batch = await findMadeBatch(work, state);
  if (batch === null) throw new CancelledFailure('The run was stopped before there was a batch');
  upsertMemo({ [BATCH_ID_MEMO]: batch.batchId });
  if (onStop === 'leave') return batch;
  const summary = `Cancel batch ${batch.batchId}`;
  try {
    const input = { ...work.scope, batchId: batch.batchId };
    const status = await cancelBatch.executeWithOptions({ ...CLEANUP_OPTIONS, summary }, [input]);
    return { ...batch, status };
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.error('The batch of a run that was stopped could not be cancelled', { batchId: batch.batchId });
    // The run that waits for it tries again, and says so where that fails.
    return batch;
  }
}

/** @throws where LlamaCloud can't be asked: then a person has to look. */
async function findMadeBatch(work: BatchToCreate, state: CreateState): Promise<CreatedBatch | null> {
  try {
    if (state.preexisting === null) await recall(work, state, CLEANUP_OPTIONS);
    const { batch, preexisting, mayHavePosted } = state;
    if (batch !== null || preexisting === null || !mayHavePosted) return batch;
    const summary = `Look for a batch over ${work.directoryId} that a lost request created`;
    return await findCreatedBatch.executeWithOptions({ ...CLEANUP_OPTIONS, summary }, [
      { ...work, preexisting, wait: true },
    ]);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const { type, message } = rootFailure(error);
    throw ApplicationFailure.create({
      message: `The run was stopped, and a batch over directory ${work.directoryId} may be running that could not be looked for: cancel it in LlamaCloud. ${message}`,
      type,
      nonRetryable: true,
      cause: error,
    });
  }
}
