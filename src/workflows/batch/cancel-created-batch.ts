import { ActivityFailure, ApplicationFailure, CancelledFailure, log, upsertMemo } from '@temporalio/workflow';
import type { CreatedBatch } from '../../activities/types.js';
import { BATCH_ID_MEMO, rootFailure } from '../../protocol/index.js';
import { cancelBatch } from '../shared/activities.js';
import type { CreateBatchInput } from './create-input.js';
import { type CreateState, findNewBatch, readPreviousCreates } from './find-new-batch.js';

/** Bounds each activity of a `createBatch` that was cancelled. */
const CLEANUP_OPTIONS = { scheduleToCloseTimeout: '2 minutes' } as const;

/** Finds the batch that this workflow created or may have created, and cancels it. Otherwise nobody would know that it runs. */
export async function cancelCreatedBatch(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch> {
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
      message: `The run was stopped, and a batch over directory ${input.directoryId} may be running: LlamaCloud could not be asked. Look for it there, and cancel it. ${message}`,
      type,
      nonRetryable: true,
      cause: error,
    });
  }
}
