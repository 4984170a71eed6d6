import { constants } from 'node:os';
import { InterruptedError } from './errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One Ctrl-C arrives twice under npm: from the terminal and from npm. A second signal within this time is ignored. */
const DUPLICATE_MS = 300;

/** Signals that end the command: the first one asks it to stop, the second one exits immediately. */
export class ProcessSignals {
  readonly #controller = new AbortController();
  readonly #removeListeners: (() => void)[] = [];
  #firstAtMs: number | undefined;

  /** Aborted by the first signal. The reason is an {@link InterruptedError}. */
  get abortSignal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Handles the signals from here on, in place of Node's default, which exits immediately.
   *
   * @param onFirst Called once, by the first signal.
   */
  listen(onFirst: () => void = () => undefined): void {
    for (const signal of SIGNALS) {
      const listener = () => {
        const exitCode = 128 + constants.signals[signal];
        if (this.#firstAtMs === undefined) {
          this.#firstAtMs = performance.now();
          onFirst();
          this.#controller.abort(new InterruptedError(exitCode));
        } else if (performance.now() - this.#firstAtMs > DUPLICATE_MS) {
          process.exit(exitCode);
        }
      };
      process.on(signal, listener);
      this.#removeListeners.push(() => process.off(signal, listener));
    }
  }

  /** Leaves the signals to Node's default again. */
  unlisten(): void {
    for (const remove of this.#removeListeners.splice(0)) remove();
  }

  /** Waits for the first signal. */
  async waitForFirst(): Promise<void> {
    const { abortSignal } = this;
    if (abortSignal.aborted) return;
    // Signal handlers do not keep the process alive.
    const keepAlive = setInterval(() => undefined, 2 ** 30);
    await new Promise<void>((resolve) => abortSignal.addEventListener('abort', () => resolve(), { once: true }));
    clearInterval(keepAlive);
  }

  /** Waits for the promise or the first signal. @throws InterruptedError when the signal comes first */
  async race<T>(promise: Promise<T>): Promise<T> {
    const { abortSignal } = this;
    abortSignal.throwIfAborted();
    let removeListener: () => void = () => undefined;
    const interrupted = new Promise<never>((_, reject) => {
      const onAbort = () => reject(abortSignal.reason);
      abortSignal.addEventListener('abort', onAbort, { once: true });
      removeListener = () => abortSignal.removeEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([promise, interrupted]);
    } finally {
      removeListener();
    }
  }
}
