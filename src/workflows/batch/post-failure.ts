import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { PostFailureDetails } from '../../activities/types.js';

/** A POST that did not return a batch. */
export interface PostFailure extends PostFailureDetails {
  error: unknown;
  /** Whether LlamaCloud rejected the request for good. */
  isFinal: boolean;
}

/** @throws a cancellation, and what is no failure of the activity. */
export function toPostFailure(error: unknown): PostFailure {
  if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
  const details: unknown = error.cause instanceof ApplicationFailure ? error.cause.details?.[0] : undefined;
  if (isPostFailureDetails(details)) return { ...details, error, isFinal: false };
  // Without details LlamaCloud rejected the request, or the attempt did not end by itself: its worker is gone, or it was paused.
  const isFinal = error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true;
  return { mayHaveCreatedBatch: !isFinal, retryDelayMs: 0, error, isFinal };
}

function isPostFailureDetails(value: unknown): value is PostFailureDetails {
  return typeof value === 'object' && value !== null && 'mayHaveCreatedBatch' in value && 'retryDelayMs' in value;
}
