import { ApplicationFailure, CancellationScope, ChildWorkflowFailure } from '@temporalio/workflow';
import type { PublishedReport } from '../../activities/types.js';
import { isReport } from '../../protocol/index.js';
import { findChildReport } from './activities.js';
import { isTemporalFailure } from './temporal-failure.js';

/**
 * Reads what the run of a batch had finished although it failed or was cancelled.
 *
 * @param earlierRunId First run id of the child, if it was open at a reset.
 */
export async function readChildReport(
  error: unknown,
  workflowId: string,
  earlierRunId?: string,
): Promise<PublishedReport> {
  const failure = error instanceof ChildWorkflowFailure ? error : undefined;
  if (failure?.cause instanceof ApplicationFailure) {
    const report: unknown = failure.cause.details?.[0];
    return isReport(report) ? { report } : {};
  }
  // Cancelled or terminated: there is no failure that could carry a report.
  const firstRunId = failure?.execution.runId ?? earlierRunId;
  if (firstRunId === undefined) return {};
  const options = { summary: `Read what ${workflowId} has finished` };
  const find = () => findChildReport.executeWithOptions(options, [{ workflowId, firstRunId }]);
  return await CancellationScope.nonCancellable(find).catch((problem: unknown) => {
    if (!isTemporalFailure(problem)) throw problem;
    return {};
  });
}
