import { ApplicationFailure } from '@temporalio/workflow';
import type { FailureType } from '../../protocol/index.js';
import { type BatchState, toReport } from './state.js';

/** A failure of the run, with its report as first detail. */
export function toBatchFailure(state: BatchState, type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type, toReport(state));
}
