import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

/**
 * Rejects a second argument that does not come from continue-as-new: it would be taken for the state of a run.
 *
 * @throws `InvalidInput`.
 */
export function assertContinuedState(state: unknown): void {
  const { continuedFromExecutionRunId, cronSchedule } = workflowInfo();
  // A run by Temporal's cron comes after another execution too, and has the arguments of that one. Continue-as-new ends the cron.
  if (state === undefined || (continuedFromExecutionRunId !== undefined && cronSchedule === undefined)) return;
  const message =
    'The workflow takes one argument: the second one is for continue-as-new only. Nothing was sent to LlamaCloud.';
  throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}
