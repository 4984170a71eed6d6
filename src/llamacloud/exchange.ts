import { ConnectionError } from './errors/connection-error.js';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { type Redact, withoutSecrets } from './secrets.js';

/** What an exchange is bound by, and how its failures are told. */
export interface ExchangeLimits {
  info: RequestInfo;
  timeoutMs: number;
  /** `whole`: the time is for the headers and the body. `step`: for the headers, and again for each piece of the body. */
  timeoutOf: 'whole' | 'step';
  signal?: AbortSignal | undefined;
  redact: Redact;
}

/**
 * One request and its answer, until it is there, its time is up or the caller aborts. Whatever breaks it becomes a
 * {@link ConnectionError}; the caller's own abort is the caller's business, and passes as it is.
 *
 * `fetch` holds signals weakly: in Node 20 it never hears of an abort that comes after its headers and a garbage collection.
 * So the waits end here, and a body is let go by cancelling it.
 */
export class Exchange {
  readonly #limits: ExchangeLimits;
  readonly #endMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #sending = new AbortController();

  constructor(limits: ExchangeLimits) {
    this.#limits = limits;
    this.#endMs = performance.now() + limits.timeoutMs;
    // One of our own: Node warns of many listeners on the caller's, who may have many calls under way.
    this.#signal = limits.signal && AbortSignal.any([limits.signal]);
  }

  /** Sends the request and waits for the headers. */
  async headers(send: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
    this.#signal?.throwIfAborted();
    try {
      return await this.#wait(send(this.#sending.signal));
    } catch (error) {
      this.#sending.abort();
      throw this.#failure(error, 'No answer from LlamaCloud');
    }
  }

  /** The body, piece by piece. One that is not read to its end is let go. */
  async *body(response: Response): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    const reader = response.body.getReader();
    try {
      while (true) {
        const { done, value } = await this.#wait(reader.read()).catch((error: unknown) => {
          throw this.#failure(error, 'The answer broke off');
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
    const { timeoutMs, timeoutOf } = this.#limits;
    const leftMs = timeoutOf === 'step' ? timeoutMs : Math.max(0, this.#endMs - performance.now());
    let release = () => {};
    const end = new Promise<never>((_, reject) => {
      const abort = () => reject(signal?.reason);
      const timer = setTimeout(() => reject(new TimeUp()), leftMs);
      signal?.addEventListener('abort', abort);
      // It may have come between two pieces, while nobody waited.
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

  #failure(error: unknown, what: string): unknown {
    const { info, timeoutMs, redact } = this.#limits;
    if (this.#signal?.aborted) return this.#signal.reason;
    if (error instanceof TimeUp) {
      const message = `LlamaCloud did not answer within ${timeoutMs / 1_000} s`;
      return new ConnectionError(message, info, { cause: undefined, timedOut: true });
    }
    const cause = withoutSecrets(error, redact);
    return new ConnectionError(`${what}: ${reason(cause)}`, info, { cause, timedOut: isTimeout(cause) });
  }
}

class TimeUp extends Error {}

/** Node gives a connection 10 s, and the system has limits of its own. */
function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'TimeoutError' ||
    ('code' in error && /TIMED?OUT$/.test(String(error.code))) ||
    isTimeout(error.cause)
  );
}

/** `fetch failed` says nothing: its cause has the code. */
function reason({ message, cause }: Error): string {
  if (!(cause instanceof Error)) return message;
  if (!('code' in cause) || cause.message.includes(String(cause.code))) return cause.message;
  return `${String(cause.code)} ${cause.message}`.trim();
}
