import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  type ChildWorkflowOptions,
  executeChild,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ResultRow } from '../../activities/types.js';
import {
  type BatchRequest,
  cleanText,
  type ManifestLine,
  type ProcessJobInput,
  supportsFormat,
} from '../../protocol/index.js';
import { childWorkflowId } from '../shared/child-id.js';
import type { ReadyRow } from './release-rows.js';
import type { BatchState } from './state.js';

/** What the child of a file says of its document: fields of its line in the manifest. */
export type DocumentFields = Pick<ManifestLine, 'output' | 'bytes' | 'sha256' | 'credits'>;

export const NO_DOCUMENT: DocumentFields = { output: null, bytes: null, sha256: null, credits: null };

/**
 * Step 8: runs the child workflow of one job.
 *
 * @returns What it says of the document; `NO_DOCUMENT` where a child of the caller's own says nothing.
 */
export async function runJobWorkflow(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  { row, hasEnded }: ReadyRow,
  job: NonNullable<ResultRow['job']>,
  deadlineMs: number,
): Promise<DocumentFields> {
  const { workflowType, taskQueue } = request.child;
  const result: unknown = await executeWhenFree(workflowType, {
    workflowId: childWorkflowId(row.fileId),
    args: [toJobInput(state, request, batchId, row, job, hasEnded, deadlineMs)],
    staticSummary: row.name ?? row.fileId,
    // A child that does not end, on a task queue that nobody polls say, must not hold up a run that is being stopped: what is
    // left of it ends with its parent.
    cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
    ...(taskQueue === undefined ? {} : { taskQueue }),
  });
  return toDocumentFields(result);
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

/** Time that a child gets at least, also past the deadline: to download a large document, or to poll a job once more. */
const MIN_TIMEOUT_MS = { hasEnded: 120_000, running: 30_000 };

function toJobInput(
  { opened }: BatchState,
  { scope, collect, poll, jobTimeoutMs, child }: BatchRequest,
  batchId: string,
  { fileId, name }: ResultRow,
  job: NonNullable<ResultRow['job']>,
  hasEnded: boolean,
  deadlineMs: number,
): ProcessJobInput {
  const { taskQueue } = workflowInfo();
  const runsElsewhere = child.taskQueue !== undefined && child.taskQueue !== taskQueue;
  const minTimeoutMs = hasEnded ? MIN_TIMEOUT_MS.hasEnded : MIN_TIMEOUT_MS.running;
  return {
    ...scope,
    fileId,
    ...(name === null ? {} : { name }),
    jobId: job.id,
    type: job.type,
    batchId,
    // A job of another type than the batch's has its own formats.
    ...(supportsFormat(job.type, collect) ? { collect } : {}),
    ...(hasEnded ? {} : { poll }),
    timeoutMs: Math.max(Math.min(jobTimeoutMs, minTimeoutMs), deadlineMs - Date.now()),
    // A worker of another queue has neither the activity nor the API key.
    ...(runsElsewhere ? { collectTaskQueue: taskQueue } : {}),
    collectLocally: hasEnded && opened?.limited === false && !runsElsewhere,
    ...(opened === null ? {} : { storeId: opened.storeId }),
  };
}

/** Longer locations become null: a thousand of them travel through history at a time. */
const MAX_LOCATION_LENGTH = 1_000;

/** A child of the caller's own may return anything; what it says of a document is taken over. */
function toDocumentFields(result: unknown): DocumentFields {
  if (typeof result !== 'object' || result === null) return NO_DOCUMENT;
  const { output, bytes, sha256, credits }: Partial<Record<keyof DocumentFields, unknown>> = result;
  if (!isAmount(bytes) || typeof sha256 !== 'string') return NO_DOCUMENT;
  const isPlace = typeof output === 'string' && output.length <= MAX_LOCATION_LENGTH;
  return {
    output: isPlace ? output.toWellFormed() : null,
    bytes,
    sha256: cleanText(sha256, 128),
    credits: isAmount(credits) ? credits : null,
  };
}

/** Bounded, so that the sum of all files stays exact. */
function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
