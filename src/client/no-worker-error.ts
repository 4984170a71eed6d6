/** No worker answered the `progress` query in time. The run itself goes on as soon as there is a worker. */
export class NoWorkerError extends Error {
  override readonly name = 'NoWorkerError';
  /** Task queue that the run needs a worker on. */
  readonly taskQueue: string;

  constructor(taskQueue: string, cause: unknown) {
    super(`No worker of task queue ${taskQueue} answered in time. Check that one is running, and not overloaded.`, {
      cause,
    });
    this.taskQueue = taskQueue;
  }
}
