import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TemporalFailure } from '@temporalio/workflow';

/**
 * The failure of an activity or a child as the failure of the workflow itself: the UI shows that one first, and "Activity
 * task failed" says nothing. Any other error is returned as it is.
 *
 * @param report First detail of the new failure. Default: the details of the one that it stands for.
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

/**
 * Did a cancellation or a failure end the run? Anything else, such as a `TypeError`, is a bug in workflow code: it has to fail
 * the workflow task, so that a mended worker goes on where this one stopped.
 */
export function isRunFailure(error: unknown): error is TemporalFailure {
  return error instanceof TemporalFailure;
}
