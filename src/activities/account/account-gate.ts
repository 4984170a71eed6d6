/**
 * The circuit breaker before the requests of one worker process: when LlamaCloud refuses all requests of the account, all runs wait, and
 * one request at a time tests whether it takes them again.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { log } from '@temporalio/activity';
import { ConnectionError, HttpStatusError, UnexpectedResponseError } from '../../llamacloud/index.js';
import { cleanText, failureRule, MAX_RETRY_AFTER_MS } from '../../protocol/index.js';
import { AccountPaused } from './account-paused.js';

/** A `create` costs money. A 402 to one does not concern the reads: the documents of other batches are paid for. */
export type RequestKind = 'create' | 'read';

export interface AccountGateOptions {
  /**
   * How long LlamaCloud has to fail (5xx, 408, 429, no response) without one success before requests pause, in milliseconds. Default
   * 180,000. A 402, and a 401 to a key that has worked, pause them at once.
   */
  outageMs?: number;
  /** How many requests have to fail in that time. Default 5. */
  minFailures?: number;
  /** Time until the first request that tests whether LlamaCloud responds again, in milliseconds. It doubles with each. Default 10,000. */
  minProbeIntervalMs?: number;
  /** Upper bound on the time between two of these requests, in milliseconds. Default 120,000. */
  maxProbeIntervalMs?: number;
}

const DEFAULTS = { outageMs: 180_000, minFailures: 5, minProbeIntervalMs: 10_000, maxProbeIntervalMs: 120_000 };

/** Attempts are spread over this time, so that a thousand runs do not go on at once, in milliseconds. */
const SPREAD_MS = 10_000;

/** When to look again while a probe is under way, in milliseconds. With {@link SPREAD_MS}: all go on within 15 s of its success. */
const PROBING_DELAY_MS = 5_000;

const MAX_REASON_BYTES = 600;

interface Pause {
  /** Requests that wait: those that create batches, or all. */
  readonly scope: 'create' | 'all';
  readonly sinceMs: number;
  reason: string;
  intervalMs: number;
  nextProbeAtMs: number;
  isProbing: boolean;
}

type Verdict = 'out-of-credits' | 'key-rejected' | 'unavailable' | 'answered' | 'unclear' | 'not-sent';

const bypass = new AsyncLocalStorage<true>();

/** Runs requests that are sent even while the account is paused: to stop what costs money. */
export function bypassAccountGate<T>(run: () => T): T {
  return bypass.run(true, run);
}

export class AccountGate {
  readonly #options: Required<AccountGateOptions>;
  readonly #now: () => number;
  #pause: Pause | undefined;
  /** Since the last success. */
  #failures = 0;
  #failingSinceMs: number | undefined;
  #hasKeyWorked = false;

  /** @param now Epoch milliseconds. */
  constructor(options: AccountGateOptions = {}, now: () => number = Date.now) {
    this.#options = { ...DEFAULTS, ...options };
    this.#now = now;
  }

  /** @throws AccountPaused if such a request would not be sent now. Sends nothing, and is no probe. */
  assertOpen(kind: RequestKind): void {
    const pause = this.#findPause(kind);
    if (pause === undefined || bypass.getStore()) return;
    if (pause.isProbing || this.#now() < pause.nextProbeAtMs) throw this.#toError(pause);
  }

  /** @throws AccountPaused during a pause, also if a request to test it is due. */
  assertNoPause(kind: RequestKind): void {
    const pause = this.#findPause(kind);
    if (pause !== undefined && !bypass.getStore()) throw this.#toError(pause);
  }

  /**
   * Sends a request, unless the account is paused.
   *
   * @throws AccountPaused if nothing was sent, or if the response, a 401 or 402, shows that nothing was done. Else what `send` throws.
   */
  async run<T>(kind: RequestKind, send: () => Promise<T>): Promise<T> {
    const request = this.#enter(kind);
    try {
      const response = await send();
      request.succeed();
      return response;
    } catch (error) {
      throw request.fail(error);
    } finally {
      request.end();
    }
  }

  /** The same for a list that is requested page by page: its first page counts. */
  async *iterate<T>(kind: RequestKind, list: () => AsyncIterable<T>): AsyncGenerator<T> {
    const request = this.#enter(kind);
    try {
      for await (const item of list()) {
        request.succeed();
        yield item;
      }
      request.succeed();
    } catch (error) {
      throw request.fail(error);
    } finally {
      request.end();
    }
  }

  #enter(kind: RequestKind) {
    // Neither waits nor counts.
    if (bypass.getStore()) return { succeed: () => {}, fail: (error: unknown) => error, end: () => {} };
    this.assertOpen(kind);
    const probed = this.#findPause(kind);
    if (probed !== undefined) probed.isProbing = true;
    let isSettled = false;
    const once = (settle: () => void) => {
      if (!isSettled) settle();
      isSettled = true;
    };
    return {
      succeed: () => once(() => this.#recordAnswer(probed)),
      fail: (error: unknown) => this.#recordFailure(kind, error, probed),
      end: () => {
        if (probed !== undefined) probed.isProbing = false;
      },
    };
  }

  #findPause(kind: RequestKind): Pause | undefined {
    return this.#pause?.scope === 'create' && kind === 'read' ? undefined : this.#pause;
  }

  /** LlamaCloud has taken a request. A request that was sent before the pause began does not end it. */
  #recordAnswer(probed: Pause | undefined): void {
    this.#hasKeyWorked = true;
    this.#failures = 0;
    this.#failingSinceMs = undefined;
    if (probed === undefined || probed !== this.#pause) return;
    this.#pause = undefined;
    const minutes = Math.round((this.#now() - probed.sinceMs) / 60_000);
    log.warn(`LlamaCloud takes the requests of this account again, after ${minutes} min: all runs go on`);
  }

  /** Returns the error to throw. */
  #recordFailure(kind: RequestKind, error: unknown, probed: Pause | undefined): unknown {
    const verdict = this.#judge(error);
    if (verdict === 'answered') this.#recordAnswer(probed);
    if (verdict === 'answered' || verdict === 'not-sent') return error;
    if (probed !== undefined) this.#postpone(probed, error);
    if (verdict === 'unclear') return error;
    if (verdict === 'unavailable') {
      // It may have taken effect, so it stays what it is.
      this.#countFailure(error);
      return error;
    }
    const scope = verdict === 'out-of-credits' && kind === 'create' ? 'create' : 'all';
    const advice = failureRule(verdict === 'out-of-credits' ? 'OutOfCredits' : 'NotAuthorized').advice ?? '';
    return this.#toError(this.#pauseFor(scope, `${toReason(error)}. ${advice}`, error), error);
  }

  #judge(error: unknown): Verdict {
    if (error instanceof UnexpectedResponseError) return 'unclear';
    if (error instanceof ConnectionError) return 'unavailable';
    if (!(error instanceof HttpStatusError)) return 'not-sent';
    const { status } = error;
    if (status === 402) return 'out-of-credits';
    // A key that has never worked is most likely wrong: its run has to fail at once.
    if (status === 401) return this.#hasKeyWorked ? 'key-rejected' : 'unclear';
    if (status === 403) return 'unclear';
    return status >= 500 || status === 408 || status === 429 ? 'unavailable' : 'answered';
  }

  #countFailure(error: unknown): void {
    const nowMs = this.#now();
    this.#failures += 1;
    this.#failingSinceMs ??= nowMs;
    const { outageMs, minFailures } = this.#options;
    const failingMs = nowMs - this.#failingSinceMs;
    if (this.#pause?.scope === 'all' || failingMs < outageMs || this.#failures < minFailures) return;
    const minutes = Math.round(failingMs / 60_000);
    this.#pauseFor(
      'all',
      `${this.#failures} requests failed in ${minutes} min, and none succeeded. The last: ${toReason(error)}.`,
      error,
    );
  }

  /** Begins a pause, unless there is one that includes it. */
  #pauseFor(scope: Pause['scope'], reason: string, error: unknown): Pause {
    if (this.#pause !== undefined && (this.#pause.scope === 'all' || scope === 'create')) {
      this.#pause.reason = reason;
      return this.#pause;
    }
    const sinceMs = this.#now();
    const pause = { scope, sinceMs, reason, intervalMs: 0, nextProbeAtMs: sinceMs, isProbing: false };
    this.#postpone(pause, error);
    this.#pause = pause;
    log.warn(`The account is paused. ${describe(pause)}`);
    return pause;
  }

  #postpone(pause: Pause, error: unknown): void {
    const { minProbeIntervalMs, maxProbeIntervalMs } = this.#options;
    pause.intervalMs = Math.min(maxProbeIntervalMs, Math.max(minProbeIntervalMs, 2 * pause.intervalMs));
    const askedMs = error instanceof HttpStatusError ? (error.retryAfterMs ?? 0) : 0;
    pause.nextProbeAtMs = this.#now() + Math.max(pause.intervalMs, Math.min(MAX_RETRY_AFTER_MS, askedMs));
  }

  #toError(pause: Pause, cause?: unknown): AccountPaused {
    const waitMs = pause.isProbing && cause === undefined ? PROBING_DELAY_MS : pause.nextProbeAtMs - this.#now();
    const spreadMs = Math.round(Math.min(SPREAD_MS, pause.intervalMs) * Math.random());
    return new AccountPaused(describe(pause), Math.max(0, waitMs) + spreadMs, cause);
  }
}

/** The times come first: what is shown may be cut. */
function describe({ scope, sinceMs, reason, nextProbeAtMs }: Pause): string {
  const what = scope === 'create' ? 'No batch is created' : 'No request is sent to LlamaCloud';
  return `${what} by any run of this worker since ${toTime(sinceMs)}. The next request tests it at ${toTime(nextProbeAtMs)}. Reason: ${reason}`;
}

function toReason(error: unknown): string {
  return cleanText(error instanceof Error ? error.message : String(error), MAX_REASON_BYTES);
}

function toTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
