import type { Client, WorkflowHandleWithFirstExecutionRunId, WorkflowOptions } from '@temporalio/client';
import { checkBatchInput } from '../activities/input/index.js';
import {
  type BatchOptions,
  type BatchProgress,
  type BatchReport,
  type CorpusProgress,
  type CorpusReport,
  DEFAULT_TASK_QUEUE,
  type DirectoriesProgress,
  type DirectoriesReport,
  type ExistingBatchInput,
  isCorpusReport,
  isDirectoriesReport,
  isReport,
  type Pause,
  type PauseOptions,
  type ProcessBatchInput,
  type ProcessCorpusInput,
  type ProcessDirectoriesInput,
} from '../protocol/index.js';
import { type AccountPause, AccountPauses } from './account-pauses.js';
import { createRunHandle, type RunHandle } from './run-handle.js';
import { type RunStart, summarize, toBatchStart, toCorpusStart, toDirectoriesStart } from './run-start.js';
import { type BatchScheduleHandle, BatchSchedules, type ScheduleBatchOptions } from './schedules.js';
import type { batchWorkflowId, directoriesWorkflowId } from './workflow-ids.js';

export interface BatchClientOptions {
  /** Your Temporal client. It has the connection and the namespace. */
  client: Client;
  /** Task queue of the workers. Default `llamacloud`. */
  taskQueue?: string;
  /** How long the methods of a run's handle wait for the answer of a worker, in milliseconds. Default 10,000. */
  workerTimeoutMs?: number;
}

/** The start options of Temporal that can be set here. */
export interface StartBatchOptions
  extends Pick<
    WorkflowOptions,
    'workflowIdConflictPolicy' | 'workflowIdReusePolicy' | 'memo' | 'priority' | 'startDelay'
  > {
  /** Default {@link batchWorkflowId}. With your own id, another run over the same directory can start beside it: see {@link BatchClient.start}. */
  workflowId?: string;
  /** Default: the task queue of the {@link BatchClient}. */
  taskQueue?: string;
}

/** {@link StartBatchOptions}, except that `workflowId` defaults to {@link directoriesWorkflowId}. */
export type StartDirectoriesOptions = StartBatchOptions;

/** {@link StartBatchOptions}, except that `workflowId` defaults to the lock of the output folder. */
export type StartCorpusOptions = StartBatchOptions;

/** Input of {@link BatchClient.redrive}. */
export type RedriveInput = ExistingBatchInput & Omit<BatchOptions, 'onlyMissing'>;

/** Handle of a `processCorpus` run. */
export type CorpusHandle = RunHandle<CorpusReport, CorpusProgress>;

/** Handle of a `processBatch` run. */
export type BatchHandle = RunHandle<BatchReport, BatchProgress>;

/** Handle of a `processDirectories` run. */
export type DirectoriesHandle = RunHandle<DirectoriesReport, DirectoriesProgress>;

/**
 * Starts batch runs from application code, and follows them.
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
  readonly #workerTimeoutMs: number;
  readonly #schedules: BatchSchedules;
  readonly #account: AccountPauses;

  constructor({ client, taskQueue = DEFAULT_TASK_QUEUE, workerTimeoutMs = 10_000 }: BatchClientOptions) {
    this.#client = client;
    this.#taskQueue = taskQueue;
    this.#workerTimeoutMs = workerTimeoutMs;
    this.#schedules = new BatchSchedules(client.schedule, taskQueue);
    this.#account = new AccountPauses(client, taskQueue);
  }

  /**
   * Starts a `processBatch` run. Does not wait for its end.
   *
   * The default workflow id is made of the directory, job type and configuration. Temporal runs one workflow of an id at a time in
   * a namespace:
   *
   * - While a run with the default id is open, a second start throws `WorkflowExecutionAlreadyStartedError`. The same happens while a
   *   `processDirectories` run has an open child for the directory, because the child has the same id. With
   *   `workflowIdConflictPolicy: 'USE_EXISTING'` you get the open run instead. `TERMINATE_EXISTING` terminates the open run, but
   *   a batch that it has created goes on in LlamaCloud.
   * - A run with your own `workflowId`, and a run of a {@link schedule}, has another id, so it can start beside an open run. Each of
   *   them creates a batch that you pay for.
   * - A start after the first run has ended creates a new batch. You pay again.
   *
   * With `batchId` the default id is made of the batch id. While such a run is open, a second start with the same `batchId` throws. The
   * run that created the batch has another id, and may be open.
   *
   * @throws ApplicationFailure of the type `InvalidInput`, which names every wrong field, before anything is started.
   */
  async start(input: ProcessBatchInput, options: StartBatchOptions = {}): Promise<BatchHandle> {
    const { workflowId, runId } = await this.#start(toBatchStart(input, options.workflowId), options);
    return this.attach(workflowId, runId);
  }

  /**
   * Starts a run that redrives a batch: {@link start} with `onlyMissing` and `retryFailed`. Files whose job LlamaCloud has FAILED get new jobs, which you
   * pay for, unless another job can not mend it. Documents that are missing are collected, and the others are left alone.
   *
   * `retryFailed`, by default 1, bounds the jobs of a file over all runs: a second redrive makes none, unless it is raised. Give the `collect`, `child`,
   * `projectId` and `organizationId` of the first run.
   *
   * @throws ApplicationFailure of the type `InvalidInput`, which names every wrong field, before anything is started.
   */
  async redrive(input: RedriveInput, options: StartBatchOptions = {}): Promise<BatchHandle> {
    return this.start({ retryFailed: 1, ...input, onlyMissing: true }, options);
  }

  /**
   * Starts a `processDirectories` run, which runs one `processBatch` child for each directory. Does not wait for its end.
   *
   * The default workflow id is made of the set of directories, the job type and the configuration. While a run over the same set is
   * open, a second start throws `WorkflowExecutionAlreadyStartedError`. Each child has the default id of {@link start}, even if
   * this run has your own id. If another run with that id is open, the child is not started and the report lists the directory as
   * failed. So two such runs with the same job type and configuration never process a shared directory at the same time, even if
   * they have your own ids. A run of {@link start} with your own id, and a run of a {@link schedule}, can still process it beside this one. A
   * start after this run has ended creates new batches.
   *
   * @throws ApplicationFailure of the type `InvalidInput`, which names every wrong field, before anything is started.
   */
  async startDirectories(
    input: ProcessDirectoriesInput,
    options: StartDirectoriesOptions = {},
  ): Promise<DirectoriesHandle> {
    const { workflowId, runId } = await this.#start(toDirectoriesStart(input, options.workflowId), options);
    return this.attachDirectories(workflowId, runId);
  }

  /**
   * Starts a `processCorpus` run, which processes the files of a folder or of a bucket that have changed since the last run. Does not wait for its
   * end.
   *
   * The default workflow id is made of the task queue and the output folder. While a run with it is open, a second start throws
   * `WorkflowExecutionAlreadyStartedError`. A run with your own id, and a run of a Temporal Schedule, does the work in a child with this id, and waits
   * while there is one: no two runs process a corpus at the same time.
   *
   * @throws ApplicationFailure of the type `InvalidInput`, which names every wrong field, before anything is started.
   */
  async startCorpus(input: ProcessCorpusInput, options: StartCorpusOptions = {}): Promise<CorpusHandle> {
    const taskQueue = options.taskQueue ?? this.#taskQueue;
    const { workflowId, runId } = await this.#start(toCorpusStart(input, taskQueue, options.workflowId), options);
    return this.attachCorpus(workflowId, runId);
  }

  /** Returns a handle of a `processCorpus` run, as {@link attach} does for `processBatch`. */
  attachCorpus(workflowId: string, runId?: string): CorpusHandle {
    return createRunHandle<CorpusReport, CorpusProgress>(
      this.#client,
      workflowId,
      runId,
      this.#workerTimeoutMs,
      isCorpusReport,
    );
  }

  /**
   * Returns a handle of a `processBatch` run, open or closed. Sends no request.
   *
   * @param runId Temporal run id of any link in the continue-as-new chain. Default: the latest execution of the workflow id.
   */
  attach(workflowId: string, runId?: string): BatchHandle {
    return createRunHandle<BatchReport, BatchProgress>(
      this.#client,
      workflowId,
      runId,
      this.#workerTimeoutMs,
      isReport,
    );
  }

  /** Returns a handle of a `processDirectories` run, as {@link attach} does for `processBatch`. */
  attachDirectories(workflowId: string, runId?: string): DirectoriesHandle {
    return createRunHandle<DirectoriesReport, DirectoriesProgress>(
      this.#client,
      workflowId,
      runId,
      this.#workerTimeoutMs,
      isDirectoriesReport,
    );
  }

  /**
   * Creates a Temporal Schedule that starts `processBatch` runs.
   *
   * The overlap policy, by default `SKIP`, applies to the runs of this schedule only: Temporal gives them the ids
   * `<scheduleId>-<time>`. A run of {@link start}, {@link startDirectories} or another schedule over the same directory can start beside
   * them. Every run of a schedule creates a new batch that you pay for, unless the input has a `batchId`.
   *
   * @throws ApplicationFailure of the type `InvalidInput`, which names every wrong field, before anything is created. `TypeError` if both `cron` and `every` are missing.
   * Temporal's `ScheduleAlreadyRunning` if there is a schedule with this id.
   */
  async schedule(input: ProcessBatchInput, options: ScheduleBatchOptions): Promise<BatchScheduleHandle> {
    checkBatchInput(input);
    return this.#schedules.create(input, options, summarize(input));
  }

  /** Lists Temporal's summaries of the schedules in this namespace that start `processBatch` runs. {@link getSchedule} returns a handle. */
  listSchedules(): ReturnType<BatchSchedules['list']> {
    return this.#schedules.list();
  }

  /** Returns a schedule to trigger, pause, resume or delete. Sends no request. */
  getSchedule(scheduleId: string): BatchScheduleHandle {
    return this.#schedules.get(scheduleId);
  }

  /**
   * Pauses the account: Temporal starts no more activities of this client's task queue, of any run and in any worker, until
   * {@link resumeAccount}. So nothing is sent to LlamaCloud, and no batch is created. What has started goes on: attempts of activities, and
   * batches in LlamaCloud. `timeout` and `jobTimeout` go on too. A run that is cancelled still sends its requests to cancel, unless its
   * workers limit their requests.
   *
   * A rate limit of the task queue: `UpdateTaskQueueConfig` with 0 requests per second. It replaces a limit that somebody has set there.
   *
   * @param options Who, by default the identity of the Temporal client, and why. Both are shown to those who look at a run.
   * @throws AccountPauseNotSupported if the Temporal server is older than 1.29.
   */
  pauseAccount(options: PauseOptions = {}): Promise<AccountPause> {
    return this.#account.pause(options);
  }

  /**
   * Ends the pause of the account: all runs go on. Returns the pause; `null` if there was none.
   *
   * @param options Who and why, for the configuration of the task queue.
   */
  resumeAccount(options: PauseOptions = {}): Promise<Pause | null> {
    return this.#account.resume(options);
  }

  /** Returns who has paused the account, since when and why; `null` if it is not paused. */
  findAccountPause(): Promise<Pause | null> {
    return this.#account.find();
  }

  /** Returns the run id of the first execution: it stays valid if the run continues as new. */
  async #start(start: RunStart<object>, options: StartBatchOptions): Promise<{ workflowId: string; runId: string }> {
    const { workflowType, priority, ...rest } = start;
    const { taskQueue = this.#taskQueue } = options;
    const handle: WorkflowHandleWithFirstExecutionRunId = await this.#client.workflow.start(workflowType, {
      ...options,
      ...rest,
      priority: { ...priority, ...options.priority },
      taskQueue,
    });
    return { workflowId: rest.workflowId, runId: handle.firstExecutionRunId };
  }
}
