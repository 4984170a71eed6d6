/** Pausing the account by hand: all activities of a task queue, of all runs and in all workers. Temporal keeps who and why. */
import { type Client, isGrpcServiceError } from '@temporalio/client';
import {
  ACTIVITY_TASK_QUEUE_TYPE,
  type Pause,
  type PauseOptions,
  readQueueLimit,
  toAccountPause,
} from '../protocol/index.js';

/** The pause that has begun. */
export interface AccountPause extends Pause {
  /** The activities per second that somebody had set for the task queue before. Temporal does not restore them when it is resumed. */
  replacedLimit: number | null;
}

/** gRPC's UNIMPLEMENTED. */
const UNIMPLEMENTED = 12;

/** The Temporal server has no rate limits of task queues: version 1.29 is the first one that has them. */
export class AccountPauseNotSupported extends Error {
  override readonly name = 'AccountPauseNotSupported';

  constructor(cause: unknown) {
    super(
      'This Temporal server cannot limit the activities of a task queue: that needs version 1.29. Pause each run instead.',
      { cause },
    );
  }
}

export class AccountPauses {
  readonly #client: Client;
  readonly #taskQueue: string;

  constructor(client: Client, taskQueue: string) {
    this.#client = client;
    this.#taskQueue = taskQueue;
  }

  async pause({ reason = '', by = '' }: PauseOptions): Promise<AccountPause> {
    const replacedLimit = readQueueLimit(await this.#readConfig()) || null;
    const pause = toAccountPause(await this.#setLimit({ requestsPerSecond: 0 }, reason, by));
    if (pause === null) throw new AccountPauseNotSupported(undefined);
    return { ...pause, replacedLimit };
  }

  /** @returns The pause that has ended; `null` if there was none. A limit other than 0 stays as it is. */
  async resume({ reason = '', by = '' }: PauseOptions): Promise<Pause | null> {
    const pause = await this.find();
    if (pause !== null) await this.#setLimit(undefined, reason, by);
    return pause;
  }

  async find(): Promise<Pause | null> {
    return toAccountPause(await this.#readConfig());
  }

  async #readConfig() {
    const { connection, options } = this.#client;
    const { config } = await connection.workflowService.describeTaskQueue({
      namespace: options.namespace,
      taskQueue: { name: this.#taskQueue },
      taskQueueType: ACTIVITY_TASK_QUEUE_TYPE,
      reportConfig: true,
    });
    return config;
  }

  /** @param rateLimit `undefined` removes it: what the workers say holds again. */
  async #setLimit(rateLimit: { requestsPerSecond: number } | undefined, reason: string, by: string) {
    const { connection, options } = this.#client;
    try {
      const { config } = await connection.workflowService.updateTaskQueueConfig({
        namespace: options.namespace,
        identity: by || options.identity,
        taskQueue: this.#taskQueue,
        taskQueueType: ACTIVITY_TASK_QUEUE_TYPE,
        updateQueueRateLimit: { reason, ...(rateLimit === undefined ? {} : { rateLimit }) },
      });
      return config;
    } catch (error) {
      if (isGrpcServiceError(error) && error.code === UNIMPLEMENTED) throw new AccountPauseNotSupported(error);
      throw error;
    }
  }
}
