/** How `createBatch` tells the batch of a lost response from the batches of others. */
import type { ActivityOptions } from '@temporalio/common';
import { ActivityFailure, isCancellation, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { CreatedBatch, PreexistingBatches } from '../../activities/types.js';
import { PREEXISTING_BATCHES_MEMO } from '../../protocol/index.js';
import {
  findCreatedBatch,
  findPreviousCreates,
  listRecentBatches,
  PAST_PAUSE,
  waitUntilListed,
} from '../shared/activities.js';
import type { CreateBatchInput } from './create-input.js';

/** Plain JSON: continue-as-new carries it. */
export interface CreateState {
  /** `null` until they are listed. */
  preexisting: PreexistingBatches | null;
  /** Whether a POST may have created a batch whose id is not known. */
  mayHaveCreatedBatch: boolean;
  /** Whether the last POST may have created one. Then looking for it means to wait, since the list may not show it yet. */
  waitForList: boolean;
  /** POSTs that may each have created a batch, and whose batch the list does not show. Not those for which a batch is unlikely. */
  lostPosts: number;
  batch: CreatedBatch | null;
}

export function newCreateState(): CreateState {
  return { preexisting: null, mayHaveCreatedBatch: false, waitForList: false, lostPosts: 0, batch: null };
}

/**
 * Sets `state.preexisting`: the batches that were there before the first POST. After a reset, this is the list of the execution before, and
 * the rest of the state comes from there too, such as its batch. Otherwise it lists what is there now. Publishes it for the next reset.
 */
export async function recallOrListPreexisting(
  input: CreateBatchInput,
  state: CreateState,
): Promise<PreexistingBatches> {
  if (state.preexisting === null) await readPreviousCreates(input, state);
  return await listPreexisting(input, state);
}

/** Lists the batches that are there now as `state.preexisting`, unless it is set, and publishes it for the next reset. */
export async function listPreexisting(input: CreateBatchInput, state: CreateState): Promise<PreexistingBatches> {
  const summary = `List recent batches over ${input.directoryId}`;
  state.preexisting ??= await listRecentBatches.executeWithOptions({ summary }, [input]);
  upsertMemo(toPreexistingMemo(state));
  return state.preexisting;
}

/** Reads what earlier executions of this workflow have created, if a person has reset it or its parent. */
export async function readPreviousCreates(
  { directoryId, job, scope }: CreateBatchInput,
  state: CreateState,
  options: ActivityOptions = {},
  isStopping = false,
): Promise<void> {
  const { workflowId, runId, parent } = workflowInfo();
  const runs = { create: { workflowId, runId }, parent: parent ?? null };
  const summary = 'Look for a batch that was created before a reset';
  const previous = await findPreviousCreates.executeWithOptions({ ...options, summary }, [
    { directoryId, job, scope, runs, ...(isStopping && { isStopping }) },
  ]);
  state.batch = previous.batch;
  state.preexisting = previous.preexisting;
  state.mayHaveCreatedBatch = state.waitForList = previous.preexisting !== null;
  // A person who resets a run after the last one wants it to try once more.
  const lostBefore = Math.min(previous.preexisting?.lostPosts ?? 0, MAX_LOST_POSTS - 1);
  state.lostPosts = Math.max(state.lostPosts, lostBefore);
}

/** What a `createBatch` after a reset has to know. */
export function toPreexistingMemo({ preexisting, lostPosts }: CreateState): Record<string, unknown> {
  return preexisting === null ? {} : { [PREEXISTING_BATCHES_MEMO]: { ...preexisting, lostPosts } };
}

/** Each may have created a batch that costs money, so a person has to look. A 503 does not count: an outage for hours must not end a run. */
export const MAX_LOST_POSTS = 3;

/**
 * Removes the list of earlier batches from the memo, unless a POST has an unknown outcome: a `createBatch` after a reset has no batch to
 * look for then, and lists again what is there.
 */
export function clearPreexistingMemo({ mayHaveCreatedBatch }: CreateState): void {
  if (!mayHaveCreatedBatch) upsertMemo({ [PREEXISTING_BATCHES_MEMO]: undefined });
}

/**
 * Keeps the lock until LlamaCloud's list shows the batch: the next `createBatch` has to see that it was there before. Ends after
 * `timeoutMs`, since a list that never shows it must not hold up the run.
 */
export async function keepLockUntilListed(
  { directoryId, job, scope }: CreateBatchInput,
  batchId: string,
  timeoutMs: number,
  isStopping = false,
): Promise<void> {
  const options = {
    ...(isStopping && PAST_PAUSE),
    summary: 'Wait until the list shows the batch',
    scheduleToCloseTimeout: timeoutMs,
  };
  try {
    await waitUntilListed.executeWithOptions(options, [
      { directoryId, job, scope, batchId, ...(isStopping && { isStopping }) },
    ]);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  }
}

/**
 * Finds the batch that a POST has created although its response was lost.
 *
 * @param wait Wait until LlamaCloud's list would show it. Otherwise the list is read once.
 */
export function findNewBatch(
  input: CreateBatchInput,
  preexisting: PreexistingBatches,
  wait: boolean,
  options: ActivityOptions = {},
  isStopping = false,
): Promise<CreatedBatch | null> {
  const summary = `Look for a new batch over ${input.directoryId}`;
  return findCreatedBatch.executeWithOptions({ summary, ...options }, [
    { ...input, preexisting, wait, ...(isStopping && { isStopping }) },
  ]);
}
