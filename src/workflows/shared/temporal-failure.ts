import { TemporalFailure } from '@temporalio/workflow';

/**
 * Whether an error is a cancellation or a failure, which ends the run. Any other, such as a `TypeError`, is a bug in workflow code: it
 * has to fail the workflow task, so that a worker with the fix goes on from there.
 */
export function isTemporalFailure(error: unknown): error is TemporalFailure {
  return error instanceof TemporalFailure;
}
