import { ChildWorkflowCancellationType, ParentClosePolicy } from '@temporalio/workflow';

/**
 * For a child that cancels what it has created in LlamaCloud. It is cancelled with its parent, which waits for it, and even if
 * its parent is terminated or times out.
 */
export const CANCELLED_WITH_PARENT = {
  cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
  parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
} as const;
