/** Handle of a run: the same for `processBatch` and `processDirectories`. */
import {
  type Client,
  isGrpcServiceError,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { PROGRESS_QUERY, REPORT_MEMO } from '../protocol/index.js';
import { findBlockedBy } from './blocked-by.js';
import { NoWorkerError } from './no-worker-error.js';

/** The answer of the `progress` query, and what blocks the run. */
export type WithBlockedBy<Progress> = Progress & {
  /**
   * What the run can't get past right now: the last failure of an activity that the run or its `createBatch` child is retrying, or else
   * `waitingFor`. `null` if there is neither. Failures inside `processJob` children are not shown.
   */
  blockedBy: string | null;
};

export interface ProgressOptions {
  /** How long to wait for the answer of a worker, in milliseconds. Default 10,000. */
  timeoutMs?: number;
}

/** A run, open or closed. */
export interface RunHandle<Report, Progress> {
  readonly workflowId: string;
  /** `undefined`: the handle is of the latest run of the workflow id. */
  readonly runId: string | undefined;
  /**
   * Gets how far the run is, by its `progress` query: a worker has to answer.
   *
   * @throws NoWorkerError if no worker of the run's task queue answers in time.
   */
  progress(options?: ProgressOptions): Promise<WithBlockedBy<Progress>>;
  /**
   * Waits for the end of the run and returns its report.
   *
   * @throws WorkflowFailedError if the run failed, was cancelled or was terminated. Tell why with
   * `isFailure(error, 'TooManyFailedFiles')` and the like.
   */
  result(): Promise<Report>;
  /**
   * Waits for the end of the run and returns its report, even if the run failed, was cancelled or passed its `timeout`.
   *
   * Returns `undefined` if the run ended before it had a batch. Also if it was terminated or exceeded a Temporal timeout: then there may
   * be a batch that you pay for, whose id is in the workflow's memo `llamacloudBatchId` (`BATCH_ID_MEMO`).
   *
   * @throws Temporal's error if the report can't be read: `WorkflowNotFoundError` if there is no such workflow, `ServiceError` if
   * the server can't be reached, the data converter's error if the result can't be decoded.
   */
  report(): Promise<Report | undefined>;
  /**
   * Requests cancellation: the run cancels its open children, and its batch and its jobs unless its input says `onStop: 'leave'`. Does
   * not wait for the end.
   */
  cancel(): Promise<void>;
}

const DEFAULT_PROGRESS_TIMEOUT_MS = 10_000;

/**
 * @param runId Id of the run, or of any run in its continue-as-new chain. `undefined`: the latest run of the workflow id.
 * @param isReport Checks what a failure or a memo holds.
 */
export function createRunHandle<Report, Progress extends object>(
  client: Client,
  workflowId: string,
  runId: string | undefined,
  isReport: (value: unknown) => value is Report,
): RunHandle<Report, Progress> {
  const { workflow } = client;
  // Follows continue-as-new to the end of the chain.
  const chain = workflow.getHandle(workflowId, runId, { followRuns: true });
  const findCurrentRun = async () => {
    const latest = workflow.getHandle(workflowId);
    const latestDescription = await latest.describe();
    if (runId === undefined) return { handle: latest, description: latestDescription };
    const description = await chain.describe();
    // Another chain may have taken the workflow id since.
    return firstRunId(description) === firstRunId(latestDescription)
      ? { handle: latest, description: latestDescription }
      : { handle: workflow.getHandle(workflowId, runId), description };
  };
  return {
    workflowId,
    runId,
    progress: ({ timeoutMs = DEFAULT_PROGRESS_TIMEOUT_MS } = {}) => {
      const deadlineMs = Date.now() + timeoutMs;
      return client.withDeadline(deadlineMs, async () => {
        const { handle, description } = await findCurrentRun();
        const query = handle.query<Progress>(PROGRESS_QUERY).catch((error: unknown) => {
          throw isNoAnswer(error, deadlineMs) ? new NoWorkerError(description.taskQueue, error) : error;
        });
        const [progress, blockedBy] = await Promise.all([query, findBlockedBy(client, description)]);
        return { ...progress, blockedBy: blockedBy ?? readWaitingFor(progress) };
      });
    },
    result: () => chain.result(),
    report: async () => {
      try {
        return await chain.result();
      } catch (error) {
        // Any other error says nothing about the run. It must not look like a run without a batch.
        if (!(error instanceof WorkflowFailedError)) throw error;
        const detail = firstDetail(error);
        if (isReport(detail)) return detail;
        const { memo } = (await findCurrentRun()).description;
        const report = memo?.[REPORT_MEMO];
        return isReport(report) ? report : undefined;
      }
    },
    cancel: async () => {
      await (await findCurrentRun()).handle.cancel();
    },
  };
}

/** What the run itself says that it waits for. Only the progress of a `processBatch` run has it. */
function readWaitingFor(progress: object): string | null {
  return 'waitingFor' in progress && typeof progress.waitingFor === 'string' ? progress.waitingFor : null;
}

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
/** Temporal knows of no worker that polled the task queue in the last minutes. */
const FAILED_PRECONDITION = 9;

function isNoAnswer(error: unknown, deadlineMs: number): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isGrpcServiceError(cause)) return false;
  if (cause.code === DEADLINE_EXCEEDED || cause.code === FAILED_PRECONDITION) return true;
  // A `NativeConnection` reports its deadline as CANCELLED, as it does an abort by the caller.
  return cause.code === CANCELLED && Date.now() >= deadlineMs;
}

function firstRunId({ raw }: WorkflowExecutionDescription): string | null | undefined {
  return raw.workflowExecutionInfo?.firstRunId;
}

/** The first detail of the failure that the run ended with. */
function firstDetail({ cause }: WorkflowFailedError): unknown {
  return cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
}
