/**
 * Cancels children that Temporal's own cancellation of children does not reach: those that were open when a person reset their parent.
 * They still belong to the run before the reset, and the server refuses a cancellation by another parent. A workflow is cancelled as an
 * external one without that check.
 */
import {
  CancellationScope,
  CancelledFailure,
  type ChildWorkflowOptions,
  getExternalWorkflowHandle,
  startChild,
  type WithWorkflowArgs,
  type Workflow,
  type WorkflowResultType,
} from '@temporalio/workflow';

/** As `executeChild` with `WAIT_CANCELLATION_COMPLETED`: cancels the child with the current scope, and waits for its end. */
export async function executeCancellableChild<T extends Workflow>(
  workflowType: string,
  options: WithWorkflowArgs<T, ChildWorkflowOptions>,
): Promise<WorkflowResultType<T>> {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure(`${workflowType} was not started`);
  const child = await CancellationScope.nonCancellable(() => startChild<T>(workflowType, options));
  return cancelWithScope(child.workflowId, () => child.result());
}

/** Cancels a workflow when the current scope is cancelled. Waits for its end in any case. */
export async function cancelWithScope<T>(workflowId: string, waitForEnd: () => Promise<T>): Promise<T> {
  const { cancelRequested } = CancellationScope.current();
  return CancellationScope.nonCancellable(async () => {
    let isOpen = true;
    cancelRequested
      .catch(async () => {
        // Without a run id, since the workflow may have continued as new.
        if (isOpen) await getExternalWorkflowHandle(workflowId).cancel();
      })
      // It has ended meanwhile.
      .catch(() => undefined);
    try {
      return await waitForEnd();
    } finally {
      isOpen = false;
    }
  });
}
