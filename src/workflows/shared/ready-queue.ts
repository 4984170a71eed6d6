import { CancellationScope, condition } from '@temporalio/workflow';

/** Items that become ready one after the other, and a limit on those that are worked on at a time. */
export class ReadyQueue<T> {
  readonly #limit: number;
  readonly #ready: T[] = [];
  #running = 0;
  #isClosed = false;
  #bug: unknown;

  /** @param limit Items worked on at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(item: T): void {
    this.#ready.push(item);
  }

  /** No more items will become ready. @param bug Why, where that is an error. */
  close(bug?: unknown): void {
    this.#isClosed = true;
    this.#bug ??= bug;
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
        await condition(() => this.#bug !== undefined || isStopped() || this.#canTake() || this.#isDone());
        if (this.#bug !== undefined || this.#isDone()) break;
        const item = this.#canTake() && !isStopped() ? this.#ready.shift() : undefined;
        if (item !== undefined) this.#start(work(item));
      }
    } finally {
      // The work is cancelled with the scope, and has to get to its end.
      await CancellationScope.nonCancellable(() => condition(() => this.#bug !== undefined || this.#running === 0));
    }
    if (this.#bug !== undefined) throw this.#bug;
  }

  #start(work: Promise<void>): void {
    this.#running += 1;
    work
      .catch((error: unknown) => {
        this.#bug ??= error;
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
