import { createHash } from 'node:crypto';
import type { Client, WorkflowHandleWithFirstExecutionRunId, WorkflowOptions } from '@temporalio/client';
import { checkBatchInput, resolveDirectoriesInput } from './activities/input/index.js';
import { fairnessOf } from './fairness.js';
import {
  type BatchProgress,
  type BatchReport,
  DEFAULT_TASK_QUEUE,
  type DirectoriesProgress,
  type DirectoriesReport,
  isDirectoriesReport,
  isReport,
  type ProcessBatchInput,
  type ProcessDirectoriesInput,
  WORKFLOW_TYPES,
  workInWords,
  workOf,
} from './protocol/index.js';
import { type RunHandle, runHandle } from './run-handle.js';
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

/** The same; its `workflowId` is by default {@link directoriesWorkflowId}: made of all directories, job type and configuration. */
export type StartDirectoriesOptions = StartBatchOptions;

/** A batch run, under way or ended. */
export type BatchHandle = RunHandle<BatchReport, BatchProgress>;

/** A run over many directories, under way or ended. */
export type DirectoriesHandle = RunHandle<DirectoriesReport, DirectoriesProgress>;

/** What is started, as Temporal is told it. */
interface Start {
  workflowType: string;
  workflowId: string;
  input: object;
  staticSummary: string;
  options: StartBatchOptions;
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
    const workflowId = options.workflowId ?? batchWorkflowId(input);
    const staticSummary = summaryOf(input);
    const runId = await this.#start({
      workflowType: WORKFLOW_TYPES.processBatch,
      workflowId,
      input,
      staticSummary,
      options,
    });
    return this.attach(workflowId, runId);
  }

  /**
   * Starts a run over many directories, a batch for each, and returns at once. By default its workflow id is that of the work, as
   * with {@link start}: the same directories, in whatever order, with the same job and configuration.
   *
   * @throws `InvalidInput` naming every wrong field, before anything is started.
   */
  async startDirectories(
    input: ProcessDirectoriesInput,
    options: StartDirectoriesOptions = {},
  ): Promise<DirectoriesHandle> {
    resolveDirectoriesInput(input);
    const workflowId = options.workflowId ?? directoriesWorkflowId(input);
    const staticSummary = workInWords({ directoryId: `${input.directoryIds.length} directories`, job: input.job });
    const runId = await this.#start({
      workflowType: WORKFLOW_TYPES.processDirectories,
      workflowId,
      input,
      staticSummary,
      options,
    });
    return this.attachDirectories(workflowId, runId);
  }

  /**
   * Attaches to a run, under way or ended. Nothing is asked of the server yet.
   *
   * @param runId Of the run, or of any that it has continued as. Default: the latest of this workflow id.
   */
  attach(workflowId: string, runId?: string): BatchHandle {
    return runHandle<BatchReport, BatchProgress>(this.#client, workflowId, runId, isReport);
  }

  /** Attaches to a run over many directories, as {@link attach} does to one over a single one. */
  attachDirectories(workflowId: string, runId?: string): DirectoriesHandle {
    return runHandle<DirectoriesReport, DirectoriesProgress>(this.#client, workflowId, runId, isDirectoriesReport);
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

  /** Returns the id of the first run. */
  async #start({ workflowType, workflowId, input, staticSummary, options }: Start): Promise<string> {
    const { taskQueue = this.#taskQueue, ...rest } = options;
    const handle: WorkflowHandleWithFirstExecutionRunId = await this.#client.workflow.start(workflowType, {
      ...rest,
      priority: { ...fairnessOf(workflowId), ...rest.priority },
      workflowId,
      taskQueue,
      args: [input],
      staticSummary,
    });
    return handle.firstExecutionRunId;
  }
}

/** The workflow id of this work: the same batch, or else the same directory, job and configuration, have the same. */
export function batchWorkflowId(input: ProcessBatchInput): string {
  return `llamacloud/${input.batchId ?? workOf(input)}`;
}

/** Of a SHA-256: of a million sets of directories two have the same with a chance of one in ten million. */
const DIGEST_LETTERS = 16;

/**
 * The workflow id of this work: the same directories in whatever order, with the same job and configuration, have the same. It
 * has their number and a digest of their ids, such as `llamacloud/12-directories-3f8a09c2d1e47b56/parse_v2/cfg-PARSE_AGENTIC`.
 */
export function directoriesWorkflowId({ directoryIds, job }: ProcessDirectoriesInput): string {
  const ids = directoryIds.map((id) => id.trim()).sort();
  const digest = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, DIGEST_LETTERS);
  return `llamacloud/${workOf({ directoryId: `${ids.length}-directories-${digest}`, job })}`;
}

function summaryOf(input: ProcessBatchInput): string {
  if (input.batchId === undefined) return workInWords(input);
  return input.onlyFailed ? `What is missing of batch ${input.batchId}` : `Batch ${input.batchId}`;
}
