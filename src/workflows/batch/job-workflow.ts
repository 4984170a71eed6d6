import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ActivityFailure, ChildWorkflowCancellationType, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { JobReference, ResultRow } from '../../activities/types.js';
import {
  cleanText,
  jsonBytes,
  MAX_LOCATION_BYTES,
  type ProcessJobInput,
  type ResolvedBatchInput,
  supportsFormat,
} from '../../protocol/index.js';
import { waitForEarlierChild } from '../shared/activities.js';
import { cancelWithScope, executeCancellableChild } from '../shared/cancellable-child.js';
import { untilResumed } from '../shared/control.js';
import { childWorkflowId } from './child-id.js';
import { type DocumentFields, isAmount, NO_DOCUMENT } from './manifest-line.js';
import type { BatchState, PageFile } from './state.js';

/**
 * Step 8: runs the child workflow of one job.
 *
 * @returns What its result says of the document; `NO_DOCUMENT` if a custom child workflow returns something else.
 */
export async function runJobWorkflow(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
  { row, jobEnded }: PageFile,
  job: JobReference,
  deadlineMs: number,
): Promise<DocumentFields> {
  const { workflowType, taskQueue } = input.child;
  const workflowId = childWorkflowId(row.fileId);
  const start = () =>
    executeCancellableChild(workflowType, {
      workflowId,
      args: [toJobInput(state, input, batchId, row, job, jobEnded, deadlineMs)],
      staticSummary: row.name ?? row.fileId,
      // A child that does not end, such as one on a task queue without workers, must not hold up a run that is stopping. It is
      // terminated with its parent.
      cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
      ...(taskQueue === undefined ? {} : { taskQueue }),
    });
  return toDocumentFields(await startWhenIdIsFree(state, start, workflowId, deadlineMs));
}

/**
 * An earlier child of the same id may still be open: one that this run had started before a person reset it, or one that was cancelled
 * when this run began to stop.
 */
async function startWhenIdIsFree(
  state: BatchState,
  start: () => Promise<unknown>,
  workflowId: string,
  deadlineMs: number,
): Promise<unknown> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      const remainingMs = deadlineMs - Date.now();
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || remainingMs <= 0) throw error;
      const options = { summary: `Wait for the earlier ${workflowId}`, scheduleToCloseTimeout: remainingMs };
      const wait = () => waitForEarlierChild.executeWithOptions(options, [{ workflowId }]);
      await cancelWithScope(workflowId, wait).catch((failure: unknown) => {
        // The time is over. The file fails because of the child that is open.
        throw failure instanceof ActivityFailure && !isCancellation(failure) ? error : failure;
      });
      await untilResumed(state);
    }
  }
}

/** Lower bound on the time of a child, even past the deadline: to download a large document, or to poll a job once more. */
const MIN_TIMEOUT_MS = { jobEnded: 120_000, jobRunning: 30_000 };

function toJobInput(
  { opened }: BatchState,
  { scope, directoryId, collect, poll, jobTimeoutMs, child, corpusPart }: ResolvedBatchInput,
  batchId: string,
  { fileId, name, path }: ResultRow,
  job: JobReference,
  jobEnded: boolean,
  deadlineMs: number,
): ProcessJobInput {
  const { taskQueue } = workflowInfo();
  const runsElsewhere = child.taskQueue !== undefined && child.taskQueue !== taskQueue;
  const minTimeoutMs = jobEnded ? MIN_TIMEOUT_MS.jobEnded : MIN_TIMEOUT_MS.jobRunning;
  return {
    ...scope,
    fileId,
    ...(name === null ? {} : { name }),
    jobId: job.id,
    type: job.type,
    batchId,
    directoryId,
    // A job of another type than the batch's has its own formats.
    ...(supportsFormat(job.type, collect) ? { collect } : {}),
    ...(jobEnded ? {} : { poll }),
    timeoutMs: Math.max(Math.min(jobTimeoutMs, minTimeoutMs), deadlineMs - Date.now()),
    // A worker of another queue has neither the activity nor the API key.
    ...(runsElsewhere ? { collectTaskQueue: taskQueue } : {}),
    collectLocally: jobEnded && opened?.requestsLimited === false && !runsElsewhere,
    ...(opened === null ? {} : { storeId: opened.storeId }),
    ...(corpusPart === undefined || path === undefined ? {} : { corpus: { output: corpusPart.output, path } }),
  };
}

/** A custom child workflow may return anything. Only fields that a manifest can hold are taken: longer locations become `null`. */
function toDocumentFields(result: unknown): DocumentFields {
  if (typeof result !== 'object' || result === null) return NO_DOCUMENT;
  const { output, bytes, sha256, credits }: Partial<Record<keyof DocumentFields, unknown>> = result;
  if (!isAmount(bytes) || typeof sha256 !== 'string') return NO_DOCUMENT;
  const isLocation = typeof output === 'string' && jsonBytes(output) <= MAX_LOCATION_BYTES;
  return {
    output: isLocation ? output.toWellFormed() : null,
    bytes,
    sha256: cleanText(sha256, 128),
    credits: isAmount(credits) ? credits : null,
  };
}
