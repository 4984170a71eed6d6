/**
 * Cancels children that Temporal's own cancellation of children does not reach: those that were open when a person reset their parent.
 * They still belong to the run before the reset, and the server refuses a cancellation by another parent. A workflow is cancelled as an
 * external one without that check.
 */
import {
  CancellationScope,
  CancelledFailure,
  ChildWorkflowCancellationType,
  type ChildWorkflowOptions,
  getExternalWorkflowHandle,
  startChild,
  type WithWorkflowArgs,
  type Workflow,
  type WorkflowResultType,
} from '@temporalio/workflow';

/** As `executeChild`: cancels the child with the current scope, and waits for its end unless the option is `TRY_CANCEL`. */
export async function executeCancellableChild<T extends Workflow>(
  workflowType: string,
  options: WithWorkflowArgs<T, ChildWorkflowOptions>,
): Promise<WorkflowResultType<T>> {
  const { cancelRequested, consideredCancelled } = CancellationScope.current();
  if (consideredCancelled) throw new CancelledFailure(`${workflowType} was not started`);
  const child = await CancellationScope.nonCancellable(() => startChild<T>(workflowType, options));
  const isWaitedFor = options.cancellationType !== ChildWorkflowCancellationType.TRY_CANCEL;
  return cancelWithScope(child.workflowId, () =>
    isWaitedFor ? child.result() : Promise.race([child.result(), cancelRequested]),
  );
}

/** Cancels a workflow when the current scope is cancelled, as long as something waits for it. */
export async function cancelWithScope<T>(workflowId: string, wait: () => Promise<T>): Promise<T> {
  let isWaiting = true;
  CancellationScope.current()
    .cancelRequested.catch(async () => {
      // Without a run id, since the workflow may have continued as new.
      const cancel = () => getExternalWorkflowHandle(workflowId).cancel();
      if (isWaiting) await CancellationScope.nonCancellable(cancel);
    })
    // It has ended meanwhile.
    .catch(() => undefined);
  try {
    return await wait();
  } finally {
    isWaiting = false;
  }
}
