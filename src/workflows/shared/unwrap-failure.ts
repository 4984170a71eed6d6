import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';

/**
 * Turns the failure of an activity or a child into the failure of the workflow: the UI shows that one first, and "Activity task
 * failed" says nothing. Other errors are returned unchanged.
 *
 * @param report First detail of the new failure. Default: the details of the cause.
 */
export function unwrapFailure(error: unknown, report?: object): unknown {
  const isWrapped = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  if (!isWrapped || !(error.cause instanceof ApplicationFailure)) return error;
  const { type, message, details } = error.cause;
  return ApplicationFailure.create({
    message,
    nonRetryable: true,
    cause: error,
    ...(type == null ? {} : { type }),
    details: report === undefined ? (details ?? []) : [report],
  });
}
