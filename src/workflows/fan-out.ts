import {
  CancellationScope,
  ChildWorkflowCancellationType,
  executeChild,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { ResultRow } from '../activities/types.js';
import {
  type BatchRequest,
  clip,
  DEFAULT_JOB_TIMEOUT_MS,
  DEFAULT_POLL,
  defaultCollect,
  failureIn,
  hasFormat,
  type JobOutcome,
  type ManifestLine,
  type ProcessJobInput,
} from '../protocol/index.js';
import { publishDetails } from './publish.js';
import { type BatchState, type FileOutcome, type FileProblem, hasTooManyFailures, record } from './state.js';

/**
 * Step 6: one child workflow for each job reference, at most `maxConcurrentJobs` open at a time. Never throws: what
 * happened to each file is in its line, and the lines are in the order of the rows.
 */
export async function fanOut(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  rows: ResultRow[],
): Promise<ManifestLine[]> {
  const lines = new Array<ManifestLine>(rows.length);
  const queue = rows.entries();
  const lane = async () => {
    for (const [index, row] of queue) {
      lines[index] = record(state, row, await outcomeOf(state, request, batchId, row));
      publishDetails(state);
    }
  };
  await Promise.all(Array.from({ length: Math.min(request.maxConcurrentJobs, rows.length) }, lane));
  return lines;
}

async function outcomeOf(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
  row: ResultRow,
): Promise<FileOutcome> {
  if (row.document !== undefined) return { document: row.document };
  if (row.job === undefined)
    return { problem: { status: 'FAILED', type: 'FileNotMapped', message: row.error ?? 'there is no job' } };
  if (CancellationScope.current().consideredCancelled) return skipped('the run was stopped');
  if (hasTooManyFailures(state)) return skipped('too many other files failed');
  state.running += 1;
  try {
    return { document: await runChild(request, jobInput(request, batchId, row, row.job)) };
  } catch (error) {
    return { problem: problemOf(error) };
  } finally {
    state.running -= 1;
  }
}

function skipped(message: string): FileOutcome {
  return { problem: { status: 'SKIPPED', type: 'Skipped', message } };
}

async function runChild(request: BatchRequest, input: ProcessJobInput): Promise<Partial<JobOutcome>> {
  const { workflowType, taskQueue } = request.child;
  const result: unknown = await executeChild(workflowType, {
    workflowId: `${workflowInfo().workflowId}/${input.fileId}`,
    args: [input],
    staticSummary: `${input.name ?? input.fileId}, job ${input.jobId}`,
    // A child that does not end, on a task queue that nobody polls say, must not hold up a run that is being stopped: what is
    // left of it ends with its parent.
    cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
    ...(taskQueue === undefined ? {} : { taskQueue }),
  });
  // A child of the caller's own may return anything; what it says of a document is taken over.
  return isOutcome(result) ? result : { jobId: input.jobId };
}

/** A path of that length is no path; a thousand of them would not go through history. */
const LONGEST_LOCATION = 1_000;

function isOutcome(result: unknown): result is JobOutcome {
  if (typeof result !== 'object' || result === null) return false;
  const { output, bytes, sha256, credits }: Partial<Record<keyof JobOutcome, unknown>> = result;
  const isText = typeof output === 'string' && output.length <= LONGEST_LOCATION && typeof sha256 === 'string';
  return isText && typeof bytes === 'number' && (credits === null || typeof credits === 'number');
}

/** What is at its default is left out: this is in the parent's history once for every file. */
function jobInput(
  request: BatchRequest,
  batchId: string,
  row: ResultRow,
  job: NonNullable<ResultRow['job']>,
): ProcessJobInput {
  const { scope, collect, poll, jobTimeoutMs } = request;
  const isDefaultPoll =
    poll.initialMs === DEFAULT_POLL.initialMs &&
    poll.coefficient === DEFAULT_POLL.coefficient &&
    poll.maximumMs === DEFAULT_POLL.maximumMs;
  return {
    fileId: row.fileId,
    jobId: job.id,
    type: job.type,
    batchId,
    ...(row.name === undefined ? {} : { name: row.name }),
    ...scope,
    // A job of another type than the batch's has its own formats.
    ...(collect === defaultCollect(job.type) || !hasFormat(job.type, collect) ? {} : { collect }),
    ...(jobTimeoutMs === DEFAULT_JOB_TIMEOUT_MS ? {} : { timeoutMs: jobTimeoutMs }),
    ...(isDefaultPoll
      ? {}
      : {
          poll: {
            initialInterval: poll.initialMs,
            backoffCoefficient: poll.coefficient,
            maximumInterval: poll.maximumMs,
          },
        }),
  };
}

function problemOf(error: unknown): FileProblem {
  if (isCancellation(error))
    return { status: 'CANCELLED', type: 'JobCancelled', message: 'the workflow of this file was cancelled' };
  const { type, message } = failureIn(error);
  // A child of the caller's own may fail with anything, and a thousand of these travel through history at a time.
  return { status: type === 'JobCancelled' ? 'CANCELLED' : 'FAILED', type: clip(type, 100), message: clip(message) };
}
