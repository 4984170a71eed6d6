/** Stops what a command has started, in the reverse order of the starts. */
export class CleanupStack {
  readonly #cleanups: (() => Promise<void>)[] = [];

  /** Registers a start that may still be pending. `stop` is called once it has succeeded, even if nobody waits for it any longer. */
  add<T>(starting: Promise<T>, stop: (started: T) => Promise<void>): Promise<T> {
    this.#cleanups.push(async () => {
      const started = await starting.then(
        (value) => ({ value }),
        () => undefined,
      );
      if (started !== undefined) await stop(started.value);
    });
    return starting;
  }

  /** Stops everything, then throws the first error. */
  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      await cleanup().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }
}
