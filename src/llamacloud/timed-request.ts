import { ConnectionError } from './errors/connection-error.js';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { type Redact, toCause } from './redact.js';

interface TimedRequestOptions {
  info: RequestInfo;
  timeoutMs: number;
  /**
   * `request`: one timeout for the headers and the body. `per-chunk`: one for the headers and one for each chunk of the body. It begins
   * again with each chunk that is sent.
   */
  timeoutScope: 'request' | 'per-chunk';
  signal?: AbortSignal | undefined;
  redact: Redact;
}

/**
 * One request and its response, with a timeout. Network errors and timeouts become a {@link ConnectionError}. If the caller aborts, the
 * reason of the signal is thrown.
 *
 * In Node 20, `fetch` holds signals weakly: after the headers and a garbage collection it misses an abort. So this class waits for the
 * signal and the timeout itself, and cancels the body to release the connection.
 */
export class TimedRequest {
  readonly #options: TimedRequestOptions;
  readonly #signal: AbortSignal | undefined;
  readonly #sending = new AbortController();
  #deadlineMs: number;
  #hasTimedOut = false;

  constructor(options: TimedRequestOptions) {
    this.#options = options;
    this.#deadlineMs = performance.now() + options.timeoutMs;
    // A derived signal: the caller may share one signal among many calls, and Node warns about many listeners on one.
    this.#signal = options.signal && AbortSignal.any([options.signal]);
  }

  get hasTimedOut(): boolean {
    return this.#hasTimedOut;
  }

  /** Begins the timeout again: a chunk of the request was sent. */
  restartTimeout(): void {
    this.#deadlineMs = performance.now() + this.#options.timeoutMs;
  }

  /** Stops what is still being sent. LlamaCloud may respond before it has the whole request. */
  stopSending(): void {
    this.#sending.abort();
  }

  /** Sends the request and waits for the headers. */
  async headers(send: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
    this.#signal?.throwIfAborted();
    try {
      return await this.#wait(send(this.#sending.signal));
    } catch (error) {
      this.#sending.abort();
      throw this.#toError(error, 'No response from LlamaCloud');
    }
  }

  /** The body in chunks. The connection is released if the caller stops early. */
  async *body(response: Response): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    const reader = response.body.getReader();
    try {
      while (true) {
        const { done, value } = await this.#wait(reader.read()).catch((error: unknown) => {
          throw this.#toError(error, 'The response was cut off');
        });
        if (done) return;
        yield value;
      }
    } finally {
      reader.cancel().catch(() => undefined);
    }
  }

  async #wait<T>(pending: Promise<T>): Promise<T> {
    const signal = this.#signal;
    if (this.#options.timeoutScope === 'per-chunk') this.restartTimeout();
    let release = () => {};
    const stopped = new Promise<never>((_, reject) => {
      const abort = () => reject(signal?.reason);
      let timer: NodeJS.Timeout;
      const startTimer = () => {
        const deadlineMs = this.#deadlineMs;
        timer = setTimeout(
          () => (this.#deadlineMs > deadlineMs ? startTimer() : reject(new RequestTimeout())),
          Math.max(0, deadlineMs - performance.now()),
        );
      };
      startTimer();
      signal?.addEventListener('abort', abort);
      // The abort may have come between two chunks, when there was no listener.
      if (signal?.aborted) abort();
      release = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
    });
    try {
      return await Promise.race([pending, stopped]);
    } finally {
      release();
    }
  }

  #toError(error: unknown, problem: string): unknown {
    const { info, timeoutMs, redact } = this.#options;
    if (this.#signal?.aborted) return this.#signal.reason;
    if (error instanceof RequestTimeout) {
      this.#hasTimedOut = true;
      return new ConnectionError(`LlamaCloud did not respond within ${timeoutMs / 1_000} s`, info);
    }
    const cause = toCause(error, redact);
    return new ConnectionError(`${problem}: ${toReason(cause)}`, info, { cause });
  }
}

class RequestTimeout extends Error {}

/** The message of `fetch` is only "fetch failed". Its cause has the code. */
function toReason({ message, cause }: Error): string {
  if (!(cause instanceof Error)) return message;
  if (!('code' in cause) || cause.message.includes(String(cause.code))) return cause.message;
  return `${String(cause.code)} ${cause.message}`.trim();
}
