import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';

/**
 * Turns an `ActivityFailure` or a `ChildWorkflowFailure` into an `ApplicationFailure` with the type and the message of its cause, since the
 * UI shows the outermost message first, which is only "Activity task failed". Other errors are returned unchanged.
 *
 * @param report First detail of the new failure, before the details of the cause. Default: only those.
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
    details: [...(report === undefined ? [] : [report]), ...(details ?? [])],
  });
}
