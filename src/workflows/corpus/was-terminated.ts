import { ChildWorkflowFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { CancellationScope } from '@temporalio/workflow';

/** Whether a child was terminated, or has timed out, while this workflow goes on: it has not told what it had done, and that is paid for. */
export function wasTerminated(error: unknown): error is ChildWorkflowFailure {
  if (!(error instanceof ChildWorkflowFailure) || CancellationScope.current().consideredCancelled) return false;
  return error.cause instanceof TerminatedFailure || error.cause instanceof TimeoutFailure;
}
