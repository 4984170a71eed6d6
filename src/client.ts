import { createHash } from 'node:crypto';
import type { Client, WorkflowHandleWithFirstExecutionRunId, WorkflowOptions } from '@temporalio/client';
import { checkBatchInput, checkDirectoriesInput } from './activities/input/index.js';
import { fairnessOf } from './fairness.js';
import {
  type BatchJob,
  type BatchProgress,
  type BatchReport,
  DEFAULT_TASK_QUEUE,
  type DirectoriesProgress,
  type DirectoriesReport,
  describeBatch,
  isDirectoriesReport,
  isReport,
  type ProcessBatchInput,
  type ProcessDirectoriesInput,
  processBatchWorkflowId,
  WORKFLOW_TYPES,
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
  /**
   * Default {@link batchWorkflowId}: made of directory, job type and configuration, or of the batch. A run with an id of your
   * own excludes no other run: see {@link BatchClient.start}.
   */
  workflowId?: string;
  /** Default: that of the {@link BatchClient}. */
  taskQueue?: string;
}

/** The same, but the default of `workflowId` is {@link directoriesWorkflowId}. */
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
   * Starts a run and returns at once.
   *
   * The default workflow id is made of the directory, job type and configuration, and Temporal lets one run at a time have an id
   * in a namespace. So, for the same directory, job type and configuration:
   *
   * - Two runs with the default id exclude each other, and each excludes the child of a `processDirectories` run over that
   *   directory, which has the same id. The second start throws Temporal's `WorkflowExecutionAlreadyStartedError`, unless
   *   `workflowIdConflictPolicy` is `USE_EXISTING`. `TERMINATE_EXISTING` ends the first run, and leaves its batch running.
   * - A run with a `workflowId` of your own, or of a {@link schedule}, neither excludes this run nor is excluded by it: each
   *   creates a batch, and each batch is paid for.
   * - A start after the first run has ended creates a new batch, which is paid for again.
   *
   * With `batchId` the default id is made of the batch: it excludes runs with the same `batchId`, not the run that created it.
   *
   * @throws `InvalidInput` naming every wrong field, before anything is started.
   */
  async start(input: ProcessBatchInput, options: StartBatchOptions = {}): Promise<BatchHandle> {
    checkBatchInput(input);
    const workflowId = options.workflowId ?? batchWorkflowId(input);
    const staticSummary = summarize(input);
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
   * Starts a run over many directories, a batch for each, and returns at once.
   *
   * The default workflow id is made of the set of directories, in whatever order, the job type and the configuration: a second
   * start of the same set throws `WorkflowExecutionAlreadyStartedError` while the first is under way. Whatever the workflow id
   * of this run, its child for each directory has the default id of {@link start}. While another run has that id, the child
   * can't start, and the report lists the directory as failed: of two sets that overlap both are started, and the
   * directories that they share are processed once at a time. What {@link start} says of ids of your own, of schedules and of
   * later starts holds here too.
   *
   * @throws `InvalidInput` naming every wrong field, before anything is started.
   */
  async startDirectories(
    input: ProcessDirectoriesInput,
    options: StartDirectoriesOptions = {},
  ): Promise<DirectoriesHandle> {
    checkDirectoriesInput(input);
    const workflowId = options.workflowId ?? directoriesWorkflowId(input);
    const staticSummary = describeBatch({ directoryId: `${input.directoryIds.length} directories`, job: input.job });
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

  /**
   * Creates a Temporal Schedule, each of whose runs processes a batch.
   *
   * The overlap policy, by default `SKIP`, holds among the runs of this schedule only: Temporal gives each run an id of its own,
   * `<scheduleId>-<time>`. So a run of this schedule excludes no run of {@link start}, {@link startDirectories} or another
   * schedule over the same directory: each creates a batch, and each batch is paid for. Each time of the schedule creates and pays
   * for a new batch as well.
   *
   * @throws `InvalidInput` naming every wrong field, before anything is created.
   */
  async schedule(input: ProcessBatchInput, options: ScheduleBatchOptions): Promise<ScheduledBatch> {
    checkBatchInput(input);
    return this.#schedules.create(input, options, summarize(input));
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

/**
 * The default workflow id of a run: the same `batchId`, or else the same directory, job type and configuration, have the same.
 * White space around ids does not count, as in the workflow itself.
 */
export function batchWorkflowId(input: ProcessBatchInput): string {
  return input.batchId === undefined ? processBatchWorkflowId(trimIds(input)) : `llamacloud/${input.batchId.trim()}`;
}

/** Of a SHA-256: of a million sets of directories two have the same with a chance of one in ten million. */
const DIGEST_CHARACTERS = 16;

/**
 * The default workflow id of a run over many directories: the same directories in whatever order, with the same job type and
 * configuration, have the same. It has their number and a digest of their ids, such as
 * `llamacloud/12-directories-3f8a09c2d1e47b56/parse_v2/cfg-PARSE_AGENTIC`.
 */
export function directoriesWorkflowId({ directoryIds, job }: ProcessDirectoriesInput): string {
  const ids = directoryIds.map((id) => id.trim()).sort();
  const digest = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, DIGEST_CHARACTERS);
  return processBatchWorkflowId(trimIds({ directoryId: `${ids.length}-directories-${digest}`, job }));
}

function summarize(input: ProcessBatchInput): string {
  if (input.batchId === undefined) return describeBatch(trimIds(input));
  const batchId = input.batchId.trim();
  return input.onlyFailed ? `What is missing of batch ${batchId}` : `Batch ${batchId}`;
}

/** As validation trims them: two spellings of one id must not become two runs, and two batches that are paid for. */
function trimIds({ directoryId, job }: { directoryId: string; job: BatchJob }) {
  return { directoryId: directoryId.trim(), job: { type: job.type, configurationId: job.configurationId.trim() } };
}
