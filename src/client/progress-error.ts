/** Why a `progress` query has no answer. */
import { isGrpcServiceError, type WorkflowExecutionDescription } from '@temporalio/client';
import { NoWorkerError } from './no-worker-error.js';
import { RunNotReadyError } from './run-not-ready-error.js';

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
/** Temporal has this status for all of the cases below. Only the texts of its server tell them apart. */
const FAILED_PRECONDITION = 9;

/** No worker has polled the task queue in the last seconds. */
const NO_POLLER = /no poller/i;
/** The run begins later, such as with `startDelay`. */
const NOT_STARTED = /workflow task is not scheduled yet/i;
/** The workflow task is at its third attempt or later. */
const TASK_KEEPS_FAILING = /workflow task in failed state/i;

/**
 * Turns what the SDK threw for a query into the error of `RunHandle.progress`. Other errors are returned unchanged.
 *
 * @param deadlineMs Deadline of the query, epoch milliseconds.
 */
export function toProgressError(
  error: unknown,
  { workflowId, taskQueue }: Pick<WorkflowExecutionDescription, 'workflowId' | 'taskQueue'>,
  deadlineMs: number,
): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isGrpcServiceError(cause)) return error;
  if (cause.code === DEADLINE_EXCEEDED) return new NoWorkerError(taskQueue, error);
  // A `NativeConnection` reports CANCELLED both for its deadline and for an abort by the caller.
  if (cause.code === CANCELLED && Date.now() >= deadlineMs) return new NoWorkerError(taskQueue, error);
  if (cause.code !== FAILED_PRECONDITION) return error;
  // A `NativeConnection` has the text in the message only.
  const text = `${cause.details} ${cause.message}`;
  if (NO_POLLER.test(text)) return new NoWorkerError(taskQueue, error);
  if (NOT_STARTED.test(text)) return new RunNotReadyError(workflowId, 'not-started', error);
  if (TASK_KEEPS_FAILING.test(text)) return new RunNotReadyError(workflowId, 'workflow-task-failing', error);
  return error;
}
