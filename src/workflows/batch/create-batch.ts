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
import type { CreatedBatch, PreexistingBatches } from '../../activities/types.js';
import {
  BATCH_ID_MEMO,
  BLOCKED_BY_MEMO,
  cleanText,
  describeBatch,
  MIN_DELAY_MS,
  PREEXISTING_BATCHES_MEMO,
  rootFailure,
} from '../../protocol/index.js';
import {
  cancelBatch,
  findCreatedBatch,
  findPreviousCreates,
  listRecentBatches,
  postBatch,
} from '../shared/activities.js';
import { assertContinuedState } from '../shared/continued-state.js';
import { code } from '../shared/details.js';
import { isRunFailure, unwrapFailure } from '../shared/unwrap-failure.js';
import { assertCreateInput, type CreateBatchInput } from './create-input.js';
import { type PostFailure, toPostFailure } from './post-failure.js';

/** Plain JSON: continue-as-new carries it. */
interface CreateState {
  /** `null` until they are listed. */
  preexisting: PreexistingBatches | null;
  /** May a POST have created a batch whose id is not known? */
  mayHaveCreatedBatch: boolean;
  batch: CreatedBatch | null;
}

/**
 * Creates one batch, once. LlamaCloud has no idempotency key, and a POST whose response was lost may have created a batch that costs
 * money. So before each further POST, it looks for a batch that was not there before the first one.
 *
 * `processBatch` runs this as a child whose workflow id is made of the directory, the job type and the configuration. Temporal runs
 * one workflow of an id at a time, so within a namespace a new batch of that kind in LlamaCloud's list is this workflow's. The
 * workflow stays open until the list shows its batch: the next create has to see that it was there before.
 *
 * When it is cancelled, because its parent was cancelled or has closed, it looks for the batch that it may have created, and
 * cancels it.
 */
export async function createBatch(input: CreateBatchInput, continuedState?: CreateState): Promise<CreatedBatch> {
  assertContinuedState(continuedState);
  assertCreateInput(input);
  const state = continuedState ?? { preexisting: null, mayHaveCreatedBatch: false, batch: null };
  try {
    return await create(input, state);
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    if (!isCancellation(error)) throw unwrapFailure(error);
    return await CancellationScope.nonCancellable(() => cancelCreatedBatch(input, state));
  }
}

async function create(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch> {
  let preexisting = await listPreexisting(input, state);
  for (let attempt = 1; state.batch === null; attempt++) {
    const mustLookFirst = attempt > 1 || state.mayHaveCreatedBatch;
    state.batch = mustLookFirst ? await findNewBatch(input, preexisting, state.mayHaveCreatedBatch) : null;
    if (state.batch !== null) break;
    state.mayHaveCreatedBatch = true;
    const options = { summary: `Create a batch: ${describeBatch(input)}` };
    const posted = await postBatch.executeWithOptions(options, [input]).catch(toPostFailure);
    if ('batchId' in posted) state.batch = posted;
    else if (posted.wasReset) {
      // Nothing was sent. The list from before the reset may hold the batch of the POST that the reset took back.
      state.preexisting = null;
      preexisting = await listPreexisting(input, state);
    } else if (posted.isFinal) await findDespiteRejection(input, state, posted, preexisting);
    else await waitBeforeNextPost(input, state, posted);
  }
  upsertMemo({ [BATCH_ID_MEMO]: state.batch.batchId, [BLOCKED_BY_MEMO]: undefined });
  setCurrentDetails(`Created ${code(state.batch.batchId)}`);
  await waitUntilListed(input, preexisting);
  return state.batch;
}

/** Lists the batches that are there before the first POST, and publishes them for a create after a reset. */
async function listPreexisting(input: CreateBatchInput, state: CreateState): Promise<PreexistingBatches> {
  if (state.preexisting === null) await readPreviousCreates(input, state);
  const summary = `List recent batches over ${input.directoryId}`;
  state.preexisting ??= await listRecentBatches.executeWithOptions({ summary }, [input]);
  upsertMemo({ [PREEXISTING_BATCHES_MEMO]: state.preexisting });
  return state.preexisting;
}

/** Reads what this create had done before a person reset it, or its parent. */
async function readPreviousCreates(
  { scope }: CreateBatchInput,
  state: CreateState,
  options: ActivityOptions = {},
): Promise<void> {
  const { workflowId, runId, parent } = workflowInfo();
  const runs = { create: { workflowId, runId }, parent: parent ?? null };
  const summary = 'Look for creates from before a reset';
  const previous = await findPreviousCreates.executeWithOptions({ ...options, summary }, [{ scope, runs }]);
  state.batch = previous.batch;
  state.preexisting = previous.preexisting;
  state.mayHaveCreatedBatch = previous.preexisting !== null;
}

/**
 * Finds the batch that a POST has created although its response was lost.
 *
 * @param wait Wait until LlamaCloud's list would show it. Otherwise the list is read once.
 */
function findNewBatch(
  input: CreateBatchInput,
  preexisting: PreexistingBatches,
  wait: boolean,
  options: ActivityOptions = {},
): Promise<CreatedBatch | null> {
  const summary = `Look for a new batch over ${input.directoryId}`;
  return findCreatedBatch.executeWithOptions({ summary, ...options }, [{ ...input, preexisting, wait }]);
}

/** LlamaCloud rejected the POST for good. @throws that rejection, unless an earlier POST has created a batch after all. */
async function findDespiteRejection(
  input: CreateBatchInput,
  state: CreateState,
  { error }: PostFailure,
  preexisting: PreexistingBatches,
): Promise<void> {
  state.batch = await findNewBatch(input, preexisting, false);
  state.mayHaveCreatedBatch = false;
  if (state.batch === null) throw error;
}

async function waitBeforeNextPost(
  input: CreateBatchInput,
  state: CreateState,
  { mayHaveCreatedBatch, retryDelayMs, error }: PostFailure,
): Promise<void> {
  state.mayHaveCreatedBatch = mayHaveCreatedBatch;
  const { type, message } = rootFailure(error);
  setCurrentDetails(`The batch is not created yet: ${code(type)} ${code(message)}`);
  upsertMemo({ [BLOCKED_BY_MEMO]: cleanText(message) });
  log.warn('The batch is not created yet', { type, message, mayHaveCreatedBatch });
  await sleep(Math.max(MIN_DELAY_MS, retryDelayMs));
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The create is being stopped');
  // A reset of the next run would lose the POSTs that it sent: it starts by looking for their batch.
  if (workflowInfo().continueAsNewSuggested)
    await continueAsNew<typeof createBatch>(input, { ...state, mayHaveCreatedBatch: true });
}

/** Waits until LlamaCloud's list shows the batch; three minutes, since a list that never does must not hold up the run. */
async function waitUntilListed(input: CreateBatchInput, preexisting: PreexistingBatches): Promise<void> {
  const options = { summary: 'Wait until the list shows the batch', scheduleToCloseTimeout: '3 minutes' } as const;
  try {
    await findNewBatch(input, preexisting, true, options);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  }
}

/** Bounds each activity of a create that was cancelled. */
const CLEANUP_OPTIONS = { scheduleToCloseTimeout: '2 minutes' } as const;

/** Cancels the batch that this create has or may have made, so that none is left that nobody knows of. */
async function cancelCreatedBatch(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch> {
  const batch = await findBatchToCancel(input, state);
  if (batch === null) throw new CancelledFailure('The run was stopped before there was a batch');
  upsertMemo({ [BATCH_ID_MEMO]: batch.batchId });
  if (input.onStop === 'leave') return batch;
  const summary = `Cancel batch ${batch.batchId}`;
  try {
    const cancelled = { ...input.scope, batchId: batch.batchId };
    const status = await cancelBatch.executeWithOptions({ ...CLEANUP_OPTIONS, summary }, [cancelled]);
    return { ...batch, status };
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    // The parent, where it still runs, tries again and says so if that fails.
    log.error('The batch of a run that was stopped could not be cancelled', { batchId: batch.batchId });
    return batch;
  }
}

/** @throws where LlamaCloud can't be asked: a person has to look. */
async function findBatchToCancel(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch | null> {
  try {
    if (state.preexisting === null) await readPreviousCreates(input, state, CLEANUP_OPTIONS);
    const { batch, preexisting, mayHaveCreatedBatch } = state;
    if (batch !== null || preexisting === null || !mayHaveCreatedBatch) return batch;
    const summary = `Look for a batch over ${input.directoryId} that a lost request created`;
    return await findNewBatch(input, preexisting, true, { ...CLEANUP_OPTIONS, summary });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const { type, message } = rootFailure(error);
    throw ApplicationFailure.create({
      message: `The run was stopped. LlamaCloud could not be asked whether a batch over directory ${input.directoryId} was created: look for it, and cancel it. ${message}`,
      type,
      nonRetryable: true,
      cause: error,
    });
  }
}
