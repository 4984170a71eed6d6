import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';

/**
 * What failed, as the failure of the workflow itself: the UI shows that one first, and "Activity task failed" says nothing.
 *
 * @param details Of the new failure. Default: those of the one that it stands for.
 */
export function inItsWords(error: unknown, details?: unknown): unknown {
  if (!(error instanceof ActivityFailure && error.cause instanceof ApplicationFailure)) return error;
  const { type, message, details: own } = error.cause;
  return ApplicationFailure.create({
    message,
    nonRetryable: true,
    cause: error,
    ...(type == null ? {} : { type }),
    details: details === undefined ? (own ?? []) : [details],
  });
}
