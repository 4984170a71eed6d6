import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  type WorkflowHandleWithFirstExecutionRunId,
  type WorkflowOptions,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { checkBatchInput } from './activities/input/index.js';
import { fairnessOf } from './fairness.js';
import {
  type BatchProgress,
  type BatchReport,
  DEFAULT_TASK_QUEUE,
  isReport,
  PROGRESS_QUERY,
  type ProcessBatchInput,
  REPORT_MEMO,
  WORKFLOW_TYPES,
  workOf,
} from './protocol/index.js';
import { BatchSchedules, type ScheduleBatchOptions, type ScheduledBatch } from './schedules.js';

export interface BatchClientOptions {
  /** Your Temporal client: it says where the server is, and which namespace. */
  client: Client;
  /** Task queue of the workers. Default `llamacloud`. */
  taskQueue?: string;
}

/** Options of a start: Temporal's own. */
export interface StartBatchOptions
  extends Pick<
    WorkflowOptions,
    'workflowIdConflictPolicy' | 'workflowIdReusePolicy' | 'memo' | 'priority' | 'startDelay'
  > {
  /** Default {@link batchWorkflowId}: made of directory, job type and configuration, or of the batch. */
  workflowId?: string;
  /** Default: that of the {@link BatchClient}. */
  taskQueue?: string;
}

/** A batch run, under way or ended. */
export interface BatchHandle {
  readonly workflowId: string;
  /** Missing where it is whatever run is the latest of the workflow id. */
  readonly runId: string | undefined;
  /** How far it is. Asks the workflow, so a worker has to be there. */
  progress(): Promise<BatchProgress>;
  /**
   * Waits for the end. @throws WorkflowFailedError when the run failed, was cancelled or terminated: tell by
   * `isFailure(error, 'TooManyFailedFiles')` and the like.
   */
  result(): Promise<BatchReport>;
  /**
   * Waits for the end, however the run ends, and tells what it had finished: also of one that failed, was cancelled or
   * passed its deadline. `undefined` where it ended before there was a batch.
   */
  report(): Promise<BatchReport | undefined>;
  /** Asks the run to stop: it cancels the remote batch and its open children. Returns at once. */
  cancel(): Promise<void>;
}

/**
 * Starts and follows batch runs from application code.
 *
 * @example
 * ```ts
 * const batches = new BatchClient({ client });
 * const run = await batches.start({
 *   directoryId: 'dir-...',
 *   job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
 * });
 * const report = await run.result();
 * ```
 */
export class BatchClient {
  readonly #client: Client;
  readonly #taskQueue: string;
  readonly #schedules: BatchSchedules;

  constructor({ client, taskQueue = DEFAULT_TASK_QUEUE }: BatchClientOptions) {
    this.#client = client;
    this.#taskQueue = taskQueue;
    this.#schedules = new BatchSchedules(client.schedule, taskQueue);
  }

  /**
   * Starts a run and returns at once. By default its workflow id is that of the work, so the same work is not running
   * twice at once: starting it again throws Temporal's `WorkflowExecutionAlreadyStartedError`, unless
   * `workflowIdConflictPolicy` says `USE_EXISTING`. (`TERMINATE_EXISTING` leaves the batch of the run that it ends to itself.)
   *
   * @throws `InvalidInput` naming every wrong field, before anything is started.
   */
  async start(input: ProcessBatchInput, options: StartBatchOptions = {}): Promise<BatchHandle> {
    checkBatchInput(input);
    const { workflowId = batchWorkflowId(input), taskQueue = this.#taskQueue, ...rest } = options;
    const handle: WorkflowHandleWithFirstExecutionRunId = await this.#client.workflow.start(
      WORKFLOW_TYPES.processBatch,
      {
        ...rest,
        priority: { ...fairnessOf(workflowId), ...rest.priority },
        workflowId,
        taskQueue,
        args: [input],
        staticSummary: summaryOf(input),
      },
    );
    return this.#handle(workflowId, handle.firstExecutionRunId);
  }

  /**
   * Attaches to a run, under way or ended. Nothing is asked of the server yet.
   *
   * @param runId Of the run, or of any that it has continued as. Default: the latest of this workflow id.
   */
  attach(workflowId: string, runId?: string): BatchHandle {
    return this.#handle(workflowId, runId);
  }

  /** Runs a batch again and again: a Temporal Schedule. Overlapping runs are skipped by default. */
  async schedule(input: ProcessBatchInput, options: ScheduleBatchOptions): Promise<ScheduledBatch> {
    checkBatchInput(input);
    return this.#schedules.create(input, options, summaryOf(input));
  }

  /** The schedules of batch runs in this namespace. */
  listSchedules(): ReturnType<BatchSchedules['list']> {
    return this.#schedules.list();
  }

  /** A schedule, to be triggered, paused, resumed or deleted. Nothing is asked of the server yet. */
  getSchedule(scheduleId: string): ScheduledBatch {
    return this.#schedules.get(scheduleId);
  }

  #handle(workflowId: string, runId: string | undefined): BatchHandle {
    const { workflow } = this.#client;
    // Follows continue-as-new to the end of the chain.
    const chain = workflow.getHandle(workflowId, runId, { followRuns: true });
    /** The run of this chain that is under way, or the one that was asked for where another chain has taken the id. */
    const current = async () => {
      if (runId === undefined) return workflow.getHandle(workflowId);
      const [own, latest] = await Promise.all([chain.describe(), workflow.getHandle(workflowId).describe()]);
      const isLatest = firstRunIdOf(own) === firstRunIdOf(latest);
      return workflow.getHandle(workflowId, isLatest ? undefined : runId);
    };
    return {
      workflowId,
      runId,
      progress: async () => (await current()).query<BatchProgress>(PROGRESS_QUERY),
      result: () => chain.result(),
      report: async () => {
        try {
          return await chain.result();
        } catch (error) {
          const { memo } = await (await current()).describe();
          return reportIn(error) ?? asReport(memo?.[REPORT_MEMO]);
        }
      },
      cancel: async () => {
        await (await current()).cancel();
      },
    };
  }
}

function firstRunIdOf({ raw }: WorkflowExecutionDescription): string | null | undefined {
  return raw.workflowExecutionInfo?.firstRunId;
}

/** The first detail of the failure that the run ended with. */
function reportIn(error: unknown): BatchReport | undefined {
  const failure = error instanceof WorkflowFailedError ? error.cause : undefined;
  return failure instanceof ApplicationFailure ? asReport(failure.details?.[0]) : undefined;
}

function asReport(value: unknown): BatchReport | undefined {
  return isReport(value) ? value : undefined;
}

/** The workflow id of this work: the same batch, or else the same directory, job and configuration, have the same. */
export function batchWorkflowId(input: ProcessBatchInput): string {
  return `llamacloud/${input.batchId ?? workOf(input)}`;
}

function summaryOf(input: ProcessBatchInput): string {
  if (input.batchId === undefined) return `${input.job.type} of ${input.directoryId} with ${input.job.configurationId}`;
  return input.onlyFailed ? `What is missing of batch ${input.batchId}` : `Batch ${input.batchId}`;
}
