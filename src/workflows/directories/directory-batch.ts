import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
} from '@temporalio/workflow';
import type { PublishedReport } from '../../activities/types.js';
import {
  type BatchReport,
  cleanText,
  describeBatch,
  type FailureSummary,
  isReport,
  type ProcessDirectoriesInput,
  processBatchWorkflowId,
  REPORTED_FAILURES_OF_MANY,
  rootFailure,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import type { processBatch } from '../batch/process-batch.js';
import { findChildReport } from '../shared/activities.js';
import { isRunFailure } from '../shared/unwrap-failure.js';
import type { DirectoryOutcome } from './state.js';

/** Runs the batch of one directory, as a child. A batch that fails is an outcome; what throws is a bug in workflow code. */
export async function processDirectory(input: ProcessDirectoriesInput, directoryId: string): Promise<DirectoryOutcome> {
  try {
    return { status: 'COMPLETED', report: await runBatch(input, directoryId) };
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    return { ...toFailedOutcome(error), ...(await readChildReport(error)) };
  }
}

function runBatch(input: ProcessDirectoriesInput, directoryId: string): Promise<BatchReport> {
  const { directoryIds: _own, maxConcurrentBatches: _ours, job, ...options } = input;
  const configurationId = job.configurationId.trim();
  const work = { directoryId, job: { type: job.type, configurationId } };
  const { reportedFailures = REPORTED_FAILURES_OF_MANY } = options;
  return executeChild<typeof processBatch>(WORKFLOW_TYPES.processBatch, {
    // Also the default id of a run over this directory alone, so that the same work is not done twice at once.
    workflowId: processBatchWorkflowId(work),
    args: [{ ...options, ...work, reportedFailures }],
    staticSummary: describeBatch(work),
    // A batch's run that is cancelled cancels its remote batch and lists what was finished. It gets to do so when this run is
    // cancelled, which waits for it, and when this run is terminated or times out, which leaves it to itself.
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  });
}

function toFailedOutcome(error: unknown): DirectoryOutcome {
  if (isCancellation(error)) {
    return { status: 'CANCELLED', failure: { type: 'BatchCancelled', message: "the batch's run was cancelled" } };
  }
  const { type, message } = describeFailure(error);
  return {
    status: type === 'BatchCancelled' ? 'CANCELLED' : 'FAILED',
    failure: { type: cleanText(type, 100), message: cleanText(message) },
  };
}

function describeFailure(error: unknown): FailureSummary {
  const failure = rootFailure(error);
  if (!(error instanceof WorkflowExecutionAlreadyStartedError)) return failure;
  const message = `Workflow ${error.workflowId} is processing this directory with the same configuration. Run the directory again when it has ended.`;
  return { ...failure, message };
}

/** What a batch's run that did not end well had finished. */
async function readChildReport(error: unknown): Promise<PublishedReport> {
  if (!(error instanceof ChildWorkflowFailure)) return {};
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    const report: unknown = cause.details?.[0];
    return isReport(report) ? { report } : {};
  }
  // Cancelled or terminated: then there is no failure to carry a report.
  const { workflowId } = error.execution;
  if (workflowId == null) return {};
  const options = { summary: `Ask what ${workflowId} has finished` };
  const find = () => findChildReport.executeWithOptions(options, [{ workflowId }]);
  return await CancellationScope.nonCancellable(find).catch((problem: unknown) => {
    if (!isRunFailure(problem)) throw problem;
    return {};
  });
}
