import { ActivityFailure, ApplicationFailure, CancelledFailure, upsertMemo } from '@temporalio/workflow';
import type { CreatedBatch } from '../../activities/types.js';
import { BATCH_ID_MEMO, MAY_HAVE_LEFT_BATCH, rootFailure } from '../../protocol/index.js';
import { PAST_PAUSE } from '../shared/activities.js';
import { cancelRemoteBatch, cancelRemoteJobs } from './cancel-remote.js';
import type { CreateBatchInput } from './create-input.js';
import {
  type CreateState,
  clearPreexistingMemo,
  findNewBatch,
  keepLockUntilListed,
  readPreviousCreates,
  toPreexistingMemo,
} from './find-new-batch.js';

/** Bounds each activity of a `createBatch` that was cancelled, in milliseconds. */
const CLEANUP_TIMEOUT_MS = 2 * 60_000;

/**
 * Finds the batch that this workflow created or may have created, and cancels it and its jobs. Otherwise nobody would know that it runs.
 *
 * @throws where there may be a batch that goes on: a person has to look.
 */
export async function cancelCreatedBatch(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch> {
  const batch = await findBatchToCancel(input, state);
  if (batch === null) {
    clearPreexistingMemo(state);
    throw new CancelledFailure('The run was stopped before there was a batch');
  }
  upsertMemo({ [BATCH_ID_MEMO]: batch.batchId });
  try {
    return input.onStop === 'leave' ? batch : await cancelBatchAndJobs(input, batch);
  } finally {
    await keepLockUntilListed(input, batch.batchId, CLEANUP_TIMEOUT_MS, true);
  }
}

/** @throws where it may go on: a person has to look. The failure's first detail is the batch. */
async function cancelBatchAndJobs(input: CreateBatchInput, batch: CreatedBatch): Promise<CreatedBatch> {
  const { scope, directoryId } = input;
  const cancelled = await cancelRemoteBatch({ scope, directoryId, ...batch }, Date.now() + CLEANUP_TIMEOUT_MS);
  const ended = { batchId: batch.batchId, status: cancelled.status ?? batch.status };
  if (ended.status === 'FAILED') return ended;
  // A run that was terminated does nothing any more, so the jobs are cancelled here.
  const jobs = await cancelRemoteJobs({ scope, directoryId, ...ended }, Date.now() + CLEANUP_TIMEOUT_MS);
  if (!cancelled.isIncomplete && !jobs.isIncomplete) return ended;
  const outcome = [cancelled.text, jobs.text].filter((text) => text !== null).join('; ');
  throw ApplicationFailure.create({
    message: `The run was stopped, and batch ${batch.batchId} or jobs of it may go on: ${outcome}. Cancel them in LlamaCloud.`,
    type: 'BatchCancelled',
    nonRetryable: true,
    details: [ended],
  });
}

/** @throws where there may be a batch that is not found: a person has to look. */
async function findBatchToCancel(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch | null> {
  const options = { ...PAST_PAUSE, scheduleToCloseTimeout: CLEANUP_TIMEOUT_MS };
  const mayBeRunning = `The run was stopped, and a batch over directory ${input.directoryId} may be running`;
  try {
    if (state.preexisting === null) await readPreviousCreates(input, state, options, true);
    const { batch, preexisting, mayHaveCreatedBatch, lostPosts } = state;
    if (batch !== null || preexisting === null || !mayHaveCreatedBatch) return batch;
    const summary = `Look for a batch over ${input.directoryId} that a lost request created`;
    const found = await findNewBatch(input, preexisting, true, { ...options, summary }, true);
    if (found !== null || lostPosts === 0) return found;
    upsertMemo(toPreexistingMemo(state));
    const message = `${mayBeRunning}: the response to its POST was lost, and LlamaCloud's list does not show it. Look for it there, and cancel it.`;
    throw ApplicationFailure.nonRetryable(message, 'CreateOutcomeUnknown', MAY_HAVE_LEFT_BATCH);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const { type, message } = rootFailure(error);
    throw ApplicationFailure.create({
      message: `${mayBeRunning}: LlamaCloud could not be asked. Look for it there, and cancel it. ${message}`,
      type,
      nonRetryable: true,
      cause: error,
      details: [MAY_HAVE_LEFT_BATCH],
    });
  }
}
