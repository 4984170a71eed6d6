import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  type ChildWorkflowOptions,
  executeChild,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type BatchRequest,
  cleanText,
  type JobOutcome,
  type JobType,
  type ProcessJobInput,
  supportsFormat,
} from '../../protocol/index.js';
import { childWorkflowId } from '../shared/child-id.js';
import type { BatchState } from './state.js';

/** A job that is to be collected, and the file that it is of. */
export interface JobToCollect {
  fileId: string;
  name: string | null;
  job: { id: string; type: JobType };
  /** Is the job known to have ended? */
  hasEnded: boolean;
}

/** What a child says of a document. */
export type CollectedDocument = Pick<JobOutcome, 'bytes' | 'sha256' | 'credits'> & { output: string | null };

/**
 * Step 8: runs the child workflow of one job.
 *
 * @returns What it says of the document; `null` where a child of the caller's own says nothing.
 */
export async function runJobWorkflow(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  file: JobToCollect,
  deadlineMs: number,
): Promise<CollectedDocument | null> {
  const { workflowType, taskQueue } = request.child;
  const result: unknown = await executeWhenFree(workflowType, {
    workflowId: childWorkflowId(file.fileId),
    args: [toJobInput(state, request, batchId, file, deadlineMs)],
    staticSummary: file.name ?? file.fileId,
    // A child that does not end, on a task queue that nobody polls say, must not hold up a run that is being stopped: what is
    // left of it ends with its parent.
    cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
    ...(taskQueue === undefined ? {} : { taskQueue }),
  });
  return toDocument(result);
}

/** How often a workflow id that is taken is tried, a second apart. */
const MAX_STARTS = 30;

/** The child that an earlier part of this run has asked to stop may be open still, and there is one of an id at a time. */
async function executeWhenFree(
  workflowType: string,
  options: ChildWorkflowOptions & { args: [ProcessJobInput] },
): Promise<unknown> {
  for (let start = 1; ; start++) {
    try {
      return await executeChild(workflowType, options);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || start >= MAX_STARTS) throw error;
      await sleep(1_000);
    }
  }
}

/** Time to collect the document of a job that has ended, or that the last poll finds to have ended, at least. */
const MIN_COLLECT_MS = 120_000;

function toJobInput(
  { opened }: BatchState,
  { scope, collect, poll, jobTimeoutMs, child }: BatchRequest,
  batchId: string,
  { fileId, name, job, hasEnded }: JobToCollect,
  deadlineMs: number,
): ProcessJobInput {
  const { taskQueue } = workflowInfo();
  return {
    ...scope,
    fileId,
    ...(name === null ? {} : { name }),
    jobId: job.id,
    type: job.type,
    batchId,
    // A job of another type than the batch's has its own formats.
    ...(supportsFormat(job.type, collect) ? { collect } : {}),
    poll,
    timeoutMs: Math.max(Math.min(jobTimeoutMs, MIN_COLLECT_MS), deadlineMs - Date.now()),
    collectTaskQueue: taskQueue,
    // Decided here: a worker that replays the child's history has another task queue, and would decide otherwise. A worker of the
    // child's own queue has neither the activity nor the API key.
    collectLocally: hasEnded && opened?.limited === false && (child.taskQueue ?? taskQueue) === taskQueue,
    ...(opened === null ? {} : { storeId: opened.storeId }),
  };
}

/** A longer location is none: a thousand of them travel through history at a time. */
const MAX_LOCATION_LENGTH = 1_000;

/** A child of the caller's own may return anything; what it says of a document is taken over. */
function toDocument(result: unknown): CollectedDocument | null {
  if (typeof result !== 'object' || result === null) return null;
  const { output, bytes, sha256, credits }: Partial<Record<keyof JobOutcome, unknown>> = result;
  if (!isAmount(bytes) || typeof sha256 !== 'string') return null;
  const isPlace = typeof output === 'string' && output.length <= MAX_LOCATION_LENGTH;
  return {
    output: isPlace ? output.toWellFormed() : null,
    bytes,
    sha256: cleanText(sha256, 128),
    credits: isAmount(credits) ? credits : null,
  };
}

/** A thousand of these have a sum. */
function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
