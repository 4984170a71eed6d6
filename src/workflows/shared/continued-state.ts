import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

/**
 * Rejects a second argument that does not come from continue-as-new: it would be taken for the state of a run.
 *
 * @throws `InvalidInput`.
 */
export function assertContinuedState(state: unknown): void {
  if (state === undefined || workflowInfo().continuedFromExecutionRunId !== undefined) return;
  const message =
    'The workflow takes one argument: the second one is for continue-as-new only. Nothing was sent to LlamaCloud.';
  throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}
