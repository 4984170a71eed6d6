/** What a command has started, to be ended in the opposite order, also when it is interrupted in the middle of a start. */
export class Closers {
  readonly #closers: (() => Promise<void>)[] = [];

  /** Starts something. Its end is certain from here on, even if nobody waits for the start any longer. */
  open<T>(starting: Promise<T>, close: (started: T) => Promise<void>): Promise<T> {
    this.#closers.push(async () => {
      const started = await starting.then(
        (value) => ({ value }),
        () => undefined,
      );
      if (started !== undefined) await close(started.value);
    });
    return starting;
  }

  /** Ends everything, the last first, and then throws the first error that there was. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }
}
