import { ChildWorkflowCancellationType, executeChild, workflowInfo } from '@temporalio/workflow';
import type { ResultRow } from '../activities/types.js';
import {
  type BatchRequest,
  type BriefJobInput,
  type BriefOutcome,
  DEFAULT_JOB_TIMEOUT_MS,
  DEFAULT_POLL,
  defaultCollect,
  hasFormat,
  type JobOutcome,
  type ProcessJobInput,
  WORKFLOW_TYPES,
} from '../protocol/index.js';
import type { BatchState } from './state.js';

/** Runs the child of one job. @param ready Is the job known to have ended? */
export async function runChild(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  row: ResultRow,
  job: NonNullable<ResultRow['job']>,
  ready: boolean,
): Promise<Partial<JobOutcome>> {
  const { workflowType, taskQueue } = request.child;
  const result: unknown = await executeChild(workflowType, {
    workflowId: `${workflowInfo().workflowId}/${row.fileId}`,
    args: [inputOf(state, request, batchId, row, job, ready)],
    staticSummary: row.name ?? row.fileId,
    // A child that does not end, on a task queue that nobody polls say, must not hold up a run that is being stopped: what is
    // left of it ends with its parent.
    cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
    ...(taskQueue === undefined ? {} : { taskQueue }),
  });
  // A child of the caller's own may return anything; what it says of a document is taken over.
  return isOutcome(result) ? result : { jobId: job.id };
}

/** A path of that length is no path; a thousand of them would not go through history. */
const LONGEST_LOCATION = 1_000;

function isOutcome(result: unknown): result is BriefOutcome & Partial<JobOutcome> {
  if (typeof result !== 'object' || result === null) return false;
  const { output, bytes, sha256, credits }: Partial<Record<keyof JobOutcome, unknown>> = result;
  const isPlace = output === undefined || (typeof output === 'string' && output.length <= LONGEST_LOCATION);
  const isDocument = typeof bytes === 'number' && typeof sha256 === 'string';
  return isPlace && isDocument && (credits === null || typeof credits === 'number');
}

/** The last look at a job that is overdue may find its document: there is time to collect it. */
const COLLECT_MS = 120_000;

/** What is at its default is left out: this is in the parent's history once for every file. */
function inputOf(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  row: ResultRow,
  job: NonNullable<ResultRow['job']>,
  ready: boolean,
): ProcessJobInput | BriefJobInput {
  const { scope, collect, poll, jobTimeoutMs, child } = request;
  const isDefaultPoll =
    poll.initialMs === DEFAULT_POLL.initialMs &&
    poll.coefficient === DEFAULT_POLL.coefficient &&
    poll.maximumMs === DEFAULT_POLL.maximumMs;
  // A job that has ended needs no time; one that has not has what is left since the batch did.
  const waitedMs = ready || state.jobsSinceMs === null ? 0 : Date.now() - state.jobsSinceMs;
  const timeoutMs = Math.max(Math.min(jobTimeoutMs, COLLECT_MS), jobTimeoutMs - waitedMs);
  return {
    fileId: row.fileId,
    jobId: job.id,
    type: job.type,
    batchId,
    ...(row.name === undefined ? {} : { name: row.name }),
    ...scope,
    // A job of another type than the batch's has its own formats.
    ...(collect === defaultCollect(job.type) || !hasFormat(job.type, collect) ? {} : { collect }),
    ...(timeoutMs === DEFAULT_JOB_TIMEOUT_MS ? {} : { timeoutMs }),
    ...(isDefaultPoll
      ? {}
      : {
          poll: {
            initialInterval: poll.initialMs,
            backoffCoefficient: poll.coefficient,
            maximumInterval: poll.maximumMs,
          },
        }),
    ...(ready && !state.opened?.limited ? { ready } : {}),
    ...(child.workflowType === WORKFLOW_TYPES.processJob ? { brief: true } : {}),
  };
}
