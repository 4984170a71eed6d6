import { CancellationScope, condition } from '@temporalio/workflow';

/** Items that become ready one after the other, and a limit on those that are worked on at a time. */
export class ReadyQueue<T> {
  readonly #limit: number;
  readonly #ready: T[] = [];
  #running = 0;
  #isClosed = false;
  #error: unknown;

  /** @param limit Items worked on at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(item: T): void {
    this.#ready.push(item);
  }

  /** No more items will become ready. @param error Rejects {@link run}. */
  close(error?: unknown): void {
    this.#isClosed = true;
    this.#error ??= error;
  }

  /**
   * Works on the items as they become ready, until all are done, `isStopped`, or the scope is cancelled. What is then running is
   * waited for.
   *
   * @throws what `work` throws, at once; CancelledFailure.
   */
  async run(work: (item: T) => Promise<void>, isStopped: () => boolean): Promise<void> {
    try {
      while (!isStopped()) {
        await condition(() => this.#error !== undefined || isStopped() || this.#canTake() || this.#isDone());
        if (this.#error !== undefined || this.#isDone()) break;
        const item = this.#canTake() && !isStopped() ? this.#ready.shift() : undefined;
        if (item !== undefined) this.#start(work(item));
      }
    } finally {
      // The work is cancelled with the scope, and has to get to its end.
      await CancellationScope.nonCancellable(() => condition(() => this.#error !== undefined || this.#running === 0));
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #start(work: Promise<void>): void {
    this.#running += 1;
    work
      .catch((error: unknown) => {
        this.#error ??= error;
      })
      .finally(() => {
        this.#running -= 1;
      });
  }

  #canTake(): boolean {
    return this.#ready.length > 0 && this.#running < this.#limit;
  }

  #isDone(): boolean {
    return this.#isClosed && this.#ready.length === 0;
  }
}
