import { ApplicationFailure } from '@temporalio/workflow';
import { isValidId, JOB_TYPES } from '../../protocol/index.js';
import type { CreateBatchInput } from './create-batch.js';

/**
 * `processBatch` passes what an activity has validated. What somebody else starts `createBatch` with may be anything, and half a
 * surrogate pair in a summary ends the worker.
 *
 * @throws `InvalidInput`.
 */
export function assertCreateInput(input: CreateBatchInput): void {
  const ids: unknown[] = [input?.work?.directoryId, input?.work?.job?.configurationId];
  const isType = JOB_TYPES.some((type) => type === input?.work?.job?.type);
  if (ids.every((id) => typeof id === 'string' && isValidId(id)) && isType && input.work.scope != null) return;
  const message = 'The input of createBatch is not valid: `processBatch` starts it. Nothing was sent to LlamaCloud.';
  throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}
