import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

/** A second argument that somebody made up would be taken for a state. */
export function assertCarried(carried: unknown): void {
  if (carried === undefined || workflowInfo().continuedFromExecutionRunId !== undefined) return;
  const message =
    'The workflow takes one argument: the second one is for continue-as-new alone. Nothing was sent to LlamaCloud.';
  throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}
