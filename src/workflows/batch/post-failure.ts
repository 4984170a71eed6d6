import { ActivityFailure, ApplicationFailure, CancelledFailure, isCancellation } from '@temporalio/workflow';
import type { PostFailureDetails } from '../../activities/types.js';

/** A POST that did not return a batch. */
export interface PostFailure extends PostFailureDetails {
  error: unknown;
  /** Whether LlamaCloud rejected the request for good. */
  isFinal: boolean;
}

/** @throws what is neither a failure of the activity nor a cancellation. */
export function toPostFailure(error: unknown): PostFailure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure || cause instanceof CancelledFailure) {
    const details: unknown = cause.details?.[0];
    if (isPostFailureDetails(details)) return { ...details, error, isFinal: false };
  }
  // Cancelled before it was scheduled.
  if (error instanceof CancelledFailure) return { mayHaveCreatedBatch: false, retryDelayMs: 0, error, isFinal: false };
  if (!(error instanceof ActivityFailure)) throw error;
  // Cancelled while no worker had it. Most likely it was not started yet. But an attempt that was lost while a person had paused the
  // activity waits like that too.
  if (isCancellation(error))
    return { mayHaveCreatedBatch: true, isCreateUnlikely: true, retryDelayMs: 0, error, isFinal: false };
  // Without details LlamaCloud rejected the request, or the attempt did not end by itself: its worker is gone, or it was paused.
  const isFinal = error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true;
  return { mayHaveCreatedBatch: !isFinal, retryDelayMs: 0, error, isFinal };
}

function isPostFailureDetails(value: unknown): value is PostFailureDetails {
  return typeof value === 'object' && value !== null && 'mayHaveCreatedBatch' in value && 'retryDelayMs' in value;
}
