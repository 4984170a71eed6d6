import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ApplicationFailure, CancellationScope, ChildWorkflowFailure, isCancellation } from '@temporalio/workflow';
import type { PublishedReport } from '../../activities/types.js';
import {
  type BatchReport,
  cleanText,
  type FailureSummary,
  isReport,
  MAX_REPORTED_FAILURES_PER_BATCH,
  type ProcessDirectoriesInput,
  processBatchWorkflowId,
  renderSummary,
  rootFailure,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import type { processBatch } from '../batch/process-batch.js';
import { findChildReport } from '../shared/activities.js';
import { executeCancellableChild } from '../shared/cancellable-child.js';
import { CANCELLED_WITH_PARENT } from '../shared/child-options.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import type { DirectoryOutcome } from './state.js';

/** Runs the batch of one directory as a child. A batch that fails is an outcome: only a bug in workflow code throws. */
export async function processDirectory(input: ProcessDirectoriesInput, directoryId: string): Promise<DirectoryOutcome> {
  try {
    return { status: 'COMPLETED', report: await runBatch(input, directoryId) };
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    return { ...toFailedOutcome(error), ...(await readChildReport(error)) };
  }
}

function runBatch(input: ProcessDirectoriesInput, directoryId: string): Promise<BatchReport> {
  const { directoryIds: _, maxConcurrentBatches: __, job, ...options } = input;
  const configurationId = job.configurationId.trim();
  const spec = { directoryId, job: { type: job.type, configurationId } };
  const { reportedFailures = MAX_REPORTED_FAILURES_PER_BATCH } = options;
  return executeCancellableChild<typeof processBatch>(WORKFLOW_TYPES.processBatch, {
    // Also the default id of a run over this directory alone, so that no batch is processed by two runs at a time.
    workflowId: processBatchWorkflowId(spec),
    args: [{ ...options, ...spec, reportedFailures }],
    staticSummary: renderSummary(directoryId, spec.job),
    ...CANCELLED_WITH_PARENT,
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

/** Reads what the run of a batch had finished although it failed or was cancelled. */
async function readChildReport(error: unknown): Promise<PublishedReport> {
  if (!(error instanceof ChildWorkflowFailure)) return {};
  const { cause } = error;
  if (cause instanceof ApplicationFailure) {
    const report: unknown = cause.details?.[0];
    return isReport(report) ? { report } : {};
  }
  // Cancelled or terminated: there is no failure that could carry a report.
  const { workflowId } = error.execution;
  if (workflowId == null) return {};
  const options = { summary: `Read what ${workflowId} has finished` };
  const find = () => findChildReport.executeWithOptions(options, [{ workflowId }]);
  return await CancellationScope.nonCancellable(find).catch((problem: unknown) => {
    if (!isTemporalFailure(problem)) throw problem;
    return {};
  });
}
