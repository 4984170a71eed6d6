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
  // The activity adds its details, so it was cancelled before it started.
  if (isCancellation(error)) return { mayHaveCreatedBatch: false, retryDelayMs: 0, error, isFinal: false };
  if (!(error instanceof ActivityFailure)) throw error;
  // Without details LlamaCloud rejected the request, or the attempt did not end by itself: its worker is gone, or it was paused.
  const isFinal = error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true;
  return { mayHaveCreatedBatch: !isFinal, retryDelayMs: 0, error, isFinal };
}

function isPostFailureDetails(value: unknown): value is PostFailureDetails {
  return typeof value === 'object' && value !== null && 'mayHaveCreatedBatch' in value && 'retryDelayMs' in value;
}
