import { ApplicationFailure } from '@temporalio/workflow';
import type { BatchToCreate } from '../../activities/types.js';
import { isValidId, JOB_TYPES, type OnStop } from '../../protocol/index.js';

export interface CreateBatchInput extends BatchToCreate {
  /** What to do with the batch when the run that it is for is stopped. */
  onStop: OnStop;
}

/**
 * Rejects an input that does not come from `processBatch`, where an activity has validated it: half a surrogate pair in a summary
 * would end the worker.
 *
 * @throws `InvalidInput`.
 */
export function assertCreateInput(input: CreateBatchInput): void {
  const ids: unknown[] = [input?.directoryId, input?.job?.configurationId];
  const hasJobType = JOB_TYPES.some((type) => type === input?.job?.type);
  if (ids.every((id) => typeof id === 'string' && isValidId(id)) && hasJobType && input.scope != null) return;
  const message = 'The input of createBatch is not valid: `processBatch` starts it. Nothing was sent to LlamaCloud.';
  throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}
