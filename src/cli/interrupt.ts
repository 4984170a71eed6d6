import { constants } from 'node:os';
import { Interrupted } from './errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** npm passes a Ctrl-C on that the terminal has sent us as well: the second of such a pair is no second Ctrl-C. */
const SAME_KEY_MS = 300;

/** The first signal asks the command to end, the second ends it at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  #firstAtMs: number | undefined;

  /** Aborted by the first signal, with an {@link Interrupted} as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Takes the signals over from Node, which would end the process there and then.
   *
   * @param onFirst Called once, to tell a person that it was heard.
   */
  listen(onFirst: (signal: NodeJS.Signals) => void = () => undefined): void {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        const exitCode = 128 + constants.signals[signal];
        if (this.#firstAtMs === undefined) {
          this.#firstAtMs = performance.now();
          onFirst(signal);
          this.#controller.abort(new Interrupted(exitCode));
        } else if (performance.now() - this.#firstAtMs > SAME_KEY_MS) {
          process.exit(exitCode);
        }
      });
    }
  }

  /** Resolves when the first signal comes. */
  async wait(): Promise<void> {
    const { signal } = this;
    if (signal.aborted) return;
    // A listener on its own keeps no process alive.
    const alive = setInterval(() => undefined, 2 ** 30);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    clearInterval(alive);
  }

  /** Like the promise, unless a signal comes first. @throws Interrupted */
  async race<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    let stopListening: () => void = () => undefined;
    const interrupted = new Promise<never>((_, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      stopListening = () => signal.removeEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([promise, interrupted]);
    } finally {
      stopListening();
    }
  }
}
