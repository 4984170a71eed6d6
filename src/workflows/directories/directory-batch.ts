import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { EarlierChild, OpenedDirectories } from '../../activities/types.js';
import {
  type ApiScope,
  type BatchReport,
  type BatchSpec,
  cleanText,
  type FailureSummary,
  isFailure,
  MAX_REPORTED_FAILURES_PER_BATCH,
  type ProcessDirectoriesInput,
  processBatchWorkflowId,
  renderSummary,
  rootFailure,
  TAKES_STUCK_MEMO,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import type { processBatch } from '../batch/process-batch.js';
import { findEarlierChild, waitForEarlierChild } from '../shared/activities.js';
import { cancelWithScope, executeCancellableChild } from '../shared/cancellable-child.js';
import { CANCELLED_WITH_PARENT } from '../shared/child-options.js';
import { readChildReport } from '../shared/child-report.js';
import { passOnControl, untilResumed } from '../shared/control.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import type { DirectoriesState, DirectoryOutcome } from './state.js';

/** Runs the batch of one directory as a child. A batch that fails is an outcome: only a bug in workflow code throws. */
export async function processDirectory(
  input: ProcessDirectoriesInput,
  { scope, job }: OpenedDirectories,
  state: DirectoriesState,
  directoryId: string,
): Promise<DirectoryOutcome> {
  const spec = { directoryId, job };
  // Also the default id of a run over this directory alone, so that no batch is processed by two runs at a time.
  const workflowId = processBatchWorkflowId(spec);
  let earlier: EarlierChild | null = null;
  try {
    earlier = await findEarlier(scope, workflowId);
    if (earlier?.isOpen === true) {
      const open = earlier;
      await passOnControl(state, workflowId, () => waitForEarlier(workflowId, open));
      earlier = await findEarlier(scope, workflowId);
    }
    // The run may have been paused meanwhile.
    if (state.control.pause !== null) await untilResumed(state);
    return { status: 'COMPLETED', report: await runBatch(input, state, spec, workflowId, earlier?.batchId ?? null) };
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    // There is no child: the run was stopped first.
    if (isCancellation(error) && !(error instanceof ChildWorkflowFailure) && earlier === null)
      return { status: 'SKIPPED', failure: { type: 'Skipped', message: 'the run was stopped' } };
    const adopted = earlier?.batchId != null && { batchId: earlier.batchId };
    // An input that does not fit the batch that was adopted may fit the other directories.
    const concernsOneDirectory = isForbidden(error) || (adopted !== false && isFailure(error, 'InvalidInput'));
    return {
      ...toFailedOutcome(error),
      concernsOneDirectory,
      ...adopted,
      ...(await readChildReport(error, workflowId, earlier?.firstRunId)),
    };
  }
}

/** Finds the child that this run has started for the directory before a person reset it: its batch is paid for. */
async function findEarlier(scope: ApiScope, workflowId: string): Promise<EarlierChild | null> {
  const { cronSchedule, firstExecutionRunId: firstRunId } = workflowInfo();
  // All runs of a cron schedule have the same first run, and each creates its own batches.
  if (cronSchedule !== undefined) return null;
  const options = { summary: `Look for ${workflowId} from before a reset` };
  return await findEarlierChild.executeWithOptions(options, [{ scope, workflowId, firstRunId }]);
}

/** Waits for the end of a child that a reset has left open. It is cancelled with this run. */
async function waitForEarlier(workflowId: string, { firstRunId }: EarlierChild): Promise<void> {
  const options = { summary: `Wait for ${workflowId}, which is open since before a reset` };
  const wait = () => waitForEarlierChild.executeWithOptions(options, [{ workflowId, firstRunId }]);
  await cancelWithScope(workflowId, () => CancellationScope.nonCancellable(wait));
}

/** @param batchId Batch to adopt. `null`: a new one is created. */
function runBatch(
  input: ProcessDirectoriesInput,
  state: DirectoriesState,
  spec: BatchSpec,
  workflowId: string,
  batchId: string | null,
): Promise<BatchReport> {
  const { directoryIds: _, maxConcurrentBatches: __, job: ___, ...options } = input;
  const { reportedFailures = MAX_REPORTED_FAILURES_PER_BATCH } = options;
  const batch = batchId === null ? spec : { ...spec, batchId };
  const { maxConcurrentJobs } = state.control;
  const changed = maxConcurrentJobs === null ? {} : { maxConcurrentJobs };
  return passOnControl(state, workflowId, () =>
    executeCancellableChild<typeof processBatch>(WORKFLOW_TYPES.processBatch, {
      workflowId,
      args: [{ ...options, ...changed, ...batch, reportedFailures }],
      staticSummary: renderSummary(spec.directoryId, spec.job),
      memo: { [TAKES_STUCK_MEMO]: true },
      ...CANCELLED_WITH_PARENT,
    }),
  );
}

/** Whether LlamaCloud responded with 403: the directory may be in a project that the key does not see. */
function isForbidden(error: unknown): boolean {
  const isWrapped = error instanceof ChildWorkflowFailure || error instanceof ActivityFailure;
  if (!isWrapped || !(error.cause instanceof ApplicationFailure)) return false;
  // Of a run that had a batch, the first detail is the report.
  const details: unknown[] = error.cause.details ?? [];
  return details.some(
    (detail) => typeof detail === 'object' && detail !== null && 'httpStatus' in detail && detail.httpStatus === 403,
  );
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
