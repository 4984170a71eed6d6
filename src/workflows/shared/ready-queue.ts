import { CancellationScope, condition } from '@temporalio/workflow';

/** A queue of items that become ready one after the other. A limited number is processed at a time. */
export class ReadyQueue<T> {
  readonly #limit: () => number;
  readonly #ready: T[] = [];
  #running = 0;
  #isClosed = false;
  #error: unknown;

  /** @param limit Items processed at a time. It may change. 0: none is taken. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  add(item: T): void {
    this.#ready.push(item);
  }

  /** Call it when no more items become ready. @param error Rejects {@link run}. */
  close(error?: unknown): void {
    this.#isClosed = true;
    this.#error ??= error;
  }

  /**
   * Processes items as they become ready, until all are done, `isStopped` says so, or the scope is cancelled. Then waits for the items
   * that are being processed.
   *
   * @throws what `process` throws, at once; CancelledFailure.
   */
  async run(process: (item: T) => Promise<void>, isStopped: () => boolean): Promise<void> {
    try {
      while (!isStopped()) {
        await condition(() => this.#error !== undefined || isStopped() || this.#canTake() || this.#isDone());
        if (this.#error !== undefined || this.#isDone()) break;
        const item = this.#canTake() && !isStopped() ? this.#ready.shift() : undefined;
        if (item !== undefined) this.#track(process(item));
      }
    } finally {
      // The processing is cancelled with the scope, and gets the time to end.
      await CancellationScope.nonCancellable(() => condition(() => this.#error !== undefined || this.#running === 0));
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #track(processing: Promise<void>): void {
    this.#running += 1;
    processing
      .catch((error: unknown) => {
        this.#error ??= error;
      })
      .finally(() => {
        this.#running -= 1;
      });
  }

  #canTake(): boolean {
    return this.#ready.length > 0 && this.#running < this.#limit();
  }

  #isDone(): boolean {
    return this.#isClosed && this.#ready.length === 0;
  }
}
