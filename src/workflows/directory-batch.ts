import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { FoundReport } from '../activities/types.js';
import {
  type BatchReport,
  clip,
  failureIn,
  isReport,
  type ProcessDirectoriesInput,
  REPORTED_FAILURES_OF_MANY,
  WORKFLOW_TYPES,
  workInWords,
} from '../protocol/index.js';
import { findReport } from './activities.js';
import type { DirectoryOutcome } from './directories-state.js';
import type { processBatch } from './process-batch.js';

/** Runs the batch of one directory, as a child. Never throws: what happened to it is in what it returns. */
export async function processDirectory(input: ProcessDirectoriesInput, directoryId: string): Promise<DirectoryOutcome> {
  try {
    return { status: 'COMPLETED', report: await runBatch(input, directoryId) };
  } catch (error) {
    return { ...problemOf(error), ...(await leftBy(error)) };
  }
}

function runBatch(input: ProcessDirectoriesInput, directoryId: string): Promise<BatchReport> {
  const { directoryIds: _own, maxConcurrentBatches: _ours, ...each } = input;
  const { reportedFailures = REPORTED_FAILURES_OF_MANY } = each;
  return executeChild<typeof processBatch>(WORKFLOW_TYPES.processBatch, {
    workflowId: `${workflowInfo().workflowId}/${directoryId}`,
    args: [{ ...each, directoryId, reportedFailures }],
    staticSummary: workInWords({ directoryId, job: each.job }),
    // A batch's run that is cancelled cancels its remote batch and lists what was finished. It gets to do so when this run is
    // cancelled, which waits for it, and when this run is terminated or times out, which leaves it to itself.
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  });
}

function problemOf(error: unknown): Pick<DirectoryOutcome, 'status' | 'problem'> {
  if (isCancellation(error)) {
    return { status: 'CANCELLED', problem: { type: 'BatchCancelled', message: "the batch's run was cancelled" } };
  }
  const { type, message } = failureIn(error);
  return {
    status: type === 'BatchCancelled' ? 'CANCELLED' : 'FAILED',
    problem: { type: clip(type, 100), message: clip(message) },
  };
}

/** What a batch's run that did not end well had finished. */
async function leftBy(error: unknown): Promise<FoundReport> {
  if (!(error instanceof ChildWorkflowFailure)) return {};
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    const report: unknown = cause.details?.[0];
    return isReport(report) ? { report } : {};
  }
  // Cancelled or terminated: then there is no failure to carry a report.
  const { workflowId } = error.execution;
  if (workflowId == null) return {};
  const find = () => findReport.executeWithOptions({ summary: `Ask what ${workflowId} has left` }, [{ workflowId }]);
  return await CancellationScope.nonCancellable(find).catch(() => ({}));
}
