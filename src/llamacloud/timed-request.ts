import { ConnectionError } from './errors/connection-error.js';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { type Redact, toCause } from './redact.js';

export interface TimedRequestOptions {
  info: RequestInfo;
  timeoutMs: number;
  /** `whole`: one timeout for the headers and the body. `per-chunk`: one for the headers and one for each chunk of the body. */
  timeoutOf: 'whole' | 'per-chunk';
  signal?: AbortSignal | undefined;
  redact: Redact;
}

/**
 * One request and its response, with a timeout. Network errors and timeouts become a {@link ConnectionError}. An abort by
 * the caller is thrown as the signal's own reason.
 *
 * `fetch` holds signals weakly: in Node 20 it misses an abort that comes after the headers and a garbage collection. So this
 * class waits for the signal and the timeout itself, and cancels the body to release the connection.
 */
export class TimedRequest {
  readonly #options: TimedRequestOptions;
  readonly #endMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #sending = new AbortController();

  constructor(options: TimedRequestOptions) {
    this.#options = options;
    this.#endMs = performance.now() + options.timeoutMs;
    // A derived signal: Node warns about many listeners on one signal, and the caller may share it among many calls.
    this.#signal = options.signal && AbortSignal.any([options.signal]);
  }

  /** Sends the request and waits for the headers. */
  async headers(send: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
    this.#signal?.throwIfAborted();
    try {
      return await this.#wait(send(this.#sending.signal));
    } catch (error) {
      this.#sending.abort();
      throw this.#toError(error, 'No answer from LlamaCloud');
    }
  }

  /** The body, chunk by chunk. The connection is released when the caller stops early. */
  async *body(response: Response): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    const reader = response.body.getReader();
    try {
      while (true) {
        const { done, value } = await this.#wait(reader.read()).catch((error: unknown) => {
          throw this.#toError(error, 'The answer broke off');
        });
        if (done) return;
        yield value;
      }
    } finally {
      reader.cancel().catch(() => undefined);
    }
  }

  async #wait<T>(work: Promise<T>): Promise<T> {
    const signal = this.#signal;
    const { timeoutMs, timeoutOf } = this.#options;
    const leftMs = timeoutOf === 'per-chunk' ? timeoutMs : Math.max(0, this.#endMs - performance.now());
    let release = () => {};
    const end = new Promise<never>((_, reject) => {
      const abort = () => reject(signal?.reason);
      const timer = setTimeout(() => reject(new RequestTimeout()), leftMs);
      signal?.addEventListener('abort', abort);
      // The abort may have come between two chunks, when nothing listened.
      if (signal?.aborted) abort();
      release = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
    });
    try {
      return await Promise.race([work, end]);
    } finally {
      release();
    }
  }

  #toError(error: unknown, what: string): unknown {
    const { info, timeoutMs, redact } = this.#options;
    if (this.#signal?.aborted) return this.#signal.reason;
    if (error instanceof RequestTimeout) {
      const message = `LlamaCloud did not answer within ${timeoutMs / 1_000} s`;
      return new ConnectionError(message, info, { cause: undefined, timedOut: true });
    }
    const cause = toCause(error, redact);
    return new ConnectionError(`${what}: ${describe(cause)}`, info, { cause, timedOut: isTimeout(cause) });
  }
}

class RequestTimeout extends Error {}

/** Node limits a connection attempt to 10 s, and the system has timeouts of its own. */
function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'TimeoutError' ||
    ('code' in error && /TIMED?OUT$/.test(String(error.code))) ||
    isTimeout(error.cause)
  );
}

/** The message of `fetch` is only "fetch failed": its cause has the code. */
function describe({ message, cause }: Error): string {
  if (!(cause instanceof Error)) return message;
  if (!('code' in cause) || cause.message.includes(String(cause.code))) return cause.message;
  return `${String(cause.code)} ${cause.message}`.trim();
}
