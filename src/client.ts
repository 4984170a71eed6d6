import type { Client, WorkflowHandleWithFirstExecutionRunId, WorkflowOptions } from '@temporalio/client';
import {
  type BatchProgress,
  type BatchReport,
  DEFAULT_TASK_QUEUE,
  PROGRESS_QUERY,
  type ProcessBatchInput,
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
  /** Default {@link batchWorkflowId}: made of directory, job type and configuration. */
  workflowId?: string;
  /** Default: that of the {@link BatchClient}. */
  taskQueue?: string;
}

/** A batch run, under way or ended. */
export interface BatchHandle {
  readonly workflowId: string;
  /** Missing where it is whatever run is the latest. */
  readonly runId: string | undefined;
  /** How far it is. Asks the workflow, so a worker has to be there. */
  progress(): Promise<BatchProgress>;
  /**
   * Waits for the end. @throws WorkflowFailedError when the run failed, was cancelled or terminated: tell by
   * `isFailure(error, 'TooManyFailedFiles')` and the like.
   */
  result(): Promise<BatchReport>;
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
   * `workflowIdConflictPolicy` says `USE_EXISTING` or `TERMINATE_EXISTING`.
   */
  async start(input: ProcessBatchInput, options: StartBatchOptions = {}): Promise<BatchHandle> {
    const { workflowId = batchWorkflowId(input), taskQueue = this.#taskQueue, ...rest } = options;
    const handle: WorkflowHandleWithFirstExecutionRunId = await this.#client.workflow.start(
      WORKFLOW_TYPES.processBatch,
      {
        ...rest,
        workflowId,
        taskQueue,
        args: [input],
        staticSummary: summaryOf(input),
      },
    );
    return this.#handle(workflowId, handle.firstExecutionRunId);
  }

  /** Attaches to a run, under way or ended. Nothing is asked of the server yet. */
  attach(workflowId: string, runId?: string): BatchHandle {
    return this.#handle(workflowId, runId);
  }

  /** Runs a batch again and again: a Temporal Schedule. Overlapping runs are skipped by default. */
  schedule(input: ProcessBatchInput, options: ScheduleBatchOptions): Promise<ScheduledBatch> {
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
    // The first run's id follows continue-as-new to the end of the chain; the latest run is what a query wants.
    const chain = this.#client.workflow.getHandle(workflowId, runId, { followRuns: true });
    const latest = this.#client.workflow.getHandle(
      workflowId,
      undefined,
      runId === undefined ? {} : { firstExecutionRunId: runId },
    );
    return {
      workflowId,
      runId,
      progress: () => latest.query<BatchProgress>(PROGRESS_QUERY),
      result: () => chain.result(),
      cancel: async () => {
        await latest.cancel();
      },
    };
  }
}

/** The workflow id of this work: the same directory, job and configuration have the same. */
export function batchWorkflowId(input: ProcessBatchInput): string {
  return ['llamacloud', workOf(input), ...(input.batchId === undefined ? [] : [input.batchId])].join('/');
}

function summaryOf({ directoryId, job, batchId }: ProcessBatchInput): string {
  return `${job.type} of ${directoryId} with ${job.configurationId}${batchId === undefined ? '' : `, batch ${batchId}`}`;
}
