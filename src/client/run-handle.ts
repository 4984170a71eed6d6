/** Handle of a run: the same for `processBatch` and `processDirectories`. */
import {
  type Client,
  type WorkflowClient,
  WorkflowContinuedAsNewError,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  describeAccountPause,
  PAUSE_UPDATE,
  type Pause,
  type PauseOptions,
  PROGRESS_QUERY,
  REPORT_MEMO,
  RESUME_UPDATE,
  SET_MAX_CONCURRENT_JOBS_UPDATE,
} from '../protocol/index.js';
import { AccountPauses } from './account-pauses.js';
import { findBlockedBy } from './blocked-by.js';
import { NoWorkerError } from './no-worker-error.js';
import { toProgressError } from './progress-error.js';

/** The answer of the `progress` query, and what blocks the run. */
export type WithBlockedBy<Progress> = Progress & {
  /**
   * What the run can't get past right now: the last failure of an activity that the run or one of its children is retrying, why
   * `createBatch` has not created the batch yet, or else `waitingFor`. While a person has paused the account: that. `null` if there is
   * none of them. Of the children for files, and of those for directories, the 3 oldest are asked.
   */
  blockedBy: string | null;
  /** Who has paused the account, that is the task queue of the run, since when and why. `null`: nobody, or the server can't say. */
  accountPause: Pause | null;
};

export interface ProgressOptions {
  /** How long to wait for the answer of a worker, in milliseconds. Default: `workerTimeoutMs` of the `BatchClient`. */
  timeoutMs?: number;
}

/** A run, open or closed. If it continues as new, Temporal gives each part a run id of its own: together they are one run here. */
export interface RunHandle<Report, Progress> {
  readonly workflowId: string;
  /** Temporal run id of any of these parts. `undefined`: the latest execution of the workflow id. */
  readonly runId: string | undefined;
  /**
   * Gets how far the run is, by its `progress` query: a worker has to answer.
   *
   * @throws NoWorkerError if no worker of the run's task queue answers in time. RunNotReadyError if Temporal asks no worker, since the
   * run has not started yet or its workflow task keeps failing.
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
   * Returns `undefined` if the run ended before it had a batch, or, over many directories, before it had checked its input. Also if it was
   * terminated or exceeded a Temporal timeout such as `workflowExecutionTimeout`: then its batch may keep running, and you pay for it. The
   * workflow's memo `llamacloudBatchId` (`BATCH_ID_MEMO`) has its id.
   *
   * @throws Temporal's error if the report can't be read: `WorkflowNotFoundError` if there is no such workflow, `ServiceError` if
   * the server can't be reached, the data converter's error if the result can't be decoded.
   */
  report(): Promise<Report | undefined>;
  /**
   * Requests cancellation, and does not wait for the end. The run cancels its open child workflows, the batch and its jobs, and then
   * collects the documents of the jobs that had completed. With `onStop: 'leave'` it cancels nothing in LlamaCloud, and collects nothing.
   */
  cancel(): Promise<void>;
  /**
   * Pauses the run: it starts no more children and polls no more, until {@link resume}. What runs goes on. A run over many directories
   * pauses its batches too. `timeout` and `jobTimeout` go on. Pausing a paused run replaces who and why.
   *
   * Update `pause` of the workflow: a worker has to answer in time. An update that is late may take effect all the same.
   *
   * @throws NoWorkerError if no worker of the run's task queue answers in time. `WorkflowUpdateFailedError` if the run is stopping.
   * `WorkflowNotFoundError` if it has ended.
   */
  pause(options?: PauseOptions): Promise<Pause>;
  /** Ends a pause. Does nothing if the run is not paused. Throws what {@link pause} throws. Update `resume`. */
  resume(): Promise<void>;
  /**
   * Changes how many children for files are open at a time, 1 to 500. Those that are running go on. Over many directories: in each batch.
   * Throws what {@link pause} throws, and `WorkflowUpdateFailedError` for another number. Update `setMaxConcurrentJobs`.
   */
  setMaxConcurrentJobs(maxConcurrentJobs: number): Promise<void>;
}

/**
 * @param runId Temporal run id of any part of the run. `undefined`: the latest execution of the workflow id.
 * @param workerTimeoutMs How long to wait for the answer of a worker.
 * @param isReport Whether a value (the first detail of a failure, or the memo) is a report of this kind.
 */
export function createRunHandle<Report, Progress extends object>(
  client: Client,
  workflowId: string,
  runId: string | undefined,
  workerTimeoutMs: number,
  isReport: (value: unknown) => value is Report,
): RunHandle<Report, Progress> {
  const { workflow } = client;
  // Temporal's handle: with a run id, only its `result` follows continue-as-new. The others find the last link first.
  const handle = workflow.getHandle(workflowId, runId);
  const findLastLink = async (): Promise<ChainLink> => {
    const latest = await describeLink(workflow.getHandle(workflowId));
    if (runId === undefined) return latest;
    const given = await describeLink(handle);
    // Another chain may have taken the workflow id since.
    return firstRunId(given) === firstRunId(latest) ? latest : followChain(workflow, given);
  };
  const update = <Result>(name: string, argument: unknown): Promise<Result> =>
    client.withDeadline(Date.now() + workerTimeoutMs, async () => {
      const { handle: lastHandle, description } = await findLastLink();
      try {
        return await lastHandle.executeUpdate<Result, [unknown]>(name, { args: [argument] });
      } catch (error) {
        if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
        throw new NoWorkerError(description.taskQueue, error);
      }
    });
  return {
    workflowId,
    runId,
    progress: ({ timeoutMs = workerTimeoutMs } = {}) => {
      const deadlineMs = Date.now() + timeoutMs;
      return client.withDeadline(deadlineMs, async () => {
        const { handle: lastHandle, description } = await findLastLink();
        const query = lastHandle.query<Progress>(PROGRESS_QUERY).catch((error: unknown) => {
          throw toProgressError(error, description, deadlineMs);
        });
        const [progress, blockedBy, accountPause] = await Promise.all([
          query,
          findBlockedBy(client, description),
          findPauseOfQueue(client, description),
        ]);
        const pause = accountPause === null ? null : describeAccountPause(accountPause);
        return { ...progress, blockedBy: pause ?? blockedBy ?? readWaitingFor(progress), accountPause };
      });
    },
    result: () => handle.result(),
    report: async () => {
      try {
        return await handle.result();
      } catch (error) {
        // Any other error says nothing about the run. It must not look like a run without a batch.
        if (!(error instanceof WorkflowFailedError)) throw error;
        const detail = firstDetail(error);
        if (isReport(detail)) return detail;
        const { memo } = (await findLastLink()).description;
        const report = memo?.[REPORT_MEMO];
        return isReport(report) ? report : undefined;
      }
    },
    cancel: async () => {
      await (await findLastLink()).handle.cancel();
    },
    pause: (options = {}) => update<Pause>(PAUSE_UPDATE, options),
    resume: () => update<void>(RESUME_UPDATE, null),
    setMaxConcurrentJobs: (count) => update<void>(SET_MAX_CONCURRENT_JOBS_UPDATE, count),
  };
}

/** A run that has ended waits for nobody. Some servers can't say it, or do not let this client ask: progress is shown all the same. */
async function findPauseOfQueue(
  client: Client,
  { taskQueue, closeTime }: WorkflowExecutionDescription,
): Promise<Pause | null> {
  if (closeTime !== undefined) return null;
  return new AccountPauses(client, taskQueue).find().catch(() => null);
}

/** What the run itself says that it waits for. Only the progress of a `processBatch` run has it. */
function readWaitingFor(progress: object): string | null {
  return 'waitingFor' in progress && typeof progress.waitingFor === 'string' ? progress.waitingFor : null;
}

/** One link of a continue-as-new chain. */
interface ChainLink {
  readonly handle: WorkflowHandle;
  readonly description: WorkflowExecutionDescription;
}

async function describeLink(handle: WorkflowHandle): Promise<ChainLink> {
  return { handle, description: await handle.describe() };
}

/** Finds the last link of a chain that is closed. */
async function followChain(workflow: WorkflowClient, link: ChainLink): Promise<ChainLink> {
  let last = link;
  while (last.description.status.name === 'CONTINUED_AS_NEW') {
    const { workflowId, runId } = last.description;
    const nextRunId = await findNextRunId(workflow.getHandle(workflowId, runId, { followRuns: false }));
    last = await describeLink(workflow.getHandle(workflowId, nextRunId));
  }
  return last;
}

/** @param handle Of a link that has continued as new. */
async function findNextRunId(handle: WorkflowHandle): Promise<string> {
  try {
    await handle.result();
  } catch (error) {
    if (error instanceof WorkflowContinuedAsNewError) return error.newExecutionRunId;
    throw error;
  }
  throw new TypeError(`Run ${handle.workflowId} has not continued as new`);
}

function firstRunId({ description: { raw } }: ChainLink): string | null | undefined {
  return raw.workflowExecutionInfo?.firstRunId;
}

/** The first detail of the failure that the run ended with. */
function firstDetail({ cause }: WorkflowFailedError): unknown {
  return cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
}
