import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { BatchReport } from '../../src/index.js';
import { isReport } from '../../src/protocol/index.js';

/** The failure that a run ended with. */
export async function failureOf(result: Promise<unknown>): Promise<Error> {
  try {
    await result;
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause instanceof Error) return error.cause;
    throw error;
  }
  throw new Error('it did not fail');
}

/** The report that a failure carries. */
export function reportIn(failure: Error): BatchReport {
  const report: unknown = failure instanceof ApplicationFailure ? failure.details?.[0] : undefined;
  if (!isReport(report)) throw new Error(`there is no report in ${failure}`);
  return report;
}
