import { ApplicationFailure } from '@temporalio/workflow';
import { isValidId, JOB_TYPES, type RedriveJobInput } from '../../protocol/index.js';

/**
 * Rejects an input that does not come from `processBatch`: half a surrogate pair in a summary would end the worker.
 *
 * @throws `InvalidInput`.
 */
export function assertRedriveInput(input: RedriveJobInput): void {
  const ids: unknown[] = [input?.directoryId, input?.fileId, input?.job?.configurationId];
  const hasIds = ids.every((id) => typeof id === 'string' && isValidId(id));
  const hasJobType = JOB_TYPES.some((type) => type === input?.job?.type);
  const jobIds: unknown = input?.jobIds;
  const hasJobs = Array.isArray(jobIds) && jobIds.length > 0 && jobIds.every(isWellFormedText);
  if (hasIds && hasJobType && hasJobs && input.scope != null) return;
  const message = 'The input of redriveJob is not valid: `processBatch` starts it. Nothing was sent to LlamaCloud.';
  throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}

function isWellFormedText(text: unknown): boolean {
  return typeof text === 'string' && text !== '' && text.isWellFormed();
}
