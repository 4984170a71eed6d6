import { matchesRequest, PRESIGNED_PREFIX, type RequestTarget } from './request-target.js';
import type { SeededRandom } from './seeded-random.js';

/** What goes wrong with one request. The kind says whether the request takes effect. */
export type Fault =
  /** The request takes effect and is answered as usual, `delayMs` milliseconds after it arrived. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /**
   * No effect; the response has this status and the body `{"detail": detail}`. `retryAfter`, in seconds or a date, is sent as
   * the `Retry-After` header. Default: no such header.
   */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly detail?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly retryAfter?: number | Date;
    }
  /** No effect; the connection is reset. */
  | { readonly kind: 'reset-before' }
  /** The request takes effect; the connection is reset without a response. */
  | { readonly kind: 'reset-after' }
  /** The request takes effect; the response has the status `status` (default 502) and `Retry-After` if given. */
  | { readonly kind: 'error-after'; readonly status?: number; readonly retryAfter?: number | Date }
  /** The response is lost at once; the request takes effect `effectAfterMs` milliseconds later. Default `response`: `reset`. */
  | { readonly kind: 'late-effect'; readonly effectAfterMs: number; readonly response?: LostResponse }
  /** The request takes effect twice; the response is the first one, or is lost if `response` is given. */
  | { readonly kind: 'duplicated'; readonly response?: LostResponse }
  /** The request takes effect; half the body arrives under the `Content-Length` of the whole body. */
  | { readonly kind: 'truncated' }
  /**
   * The request takes effect; half the body arrives without a `Content-Length`, and the connection is closed in order. A
   * client notices only if it knows the size from elsewhere.
   */
  | { readonly kind: 'truncated-close-delimited' }
  /** The request takes effect; half the body arrives with status 206 and `Content-Range`. */
  | { readonly kind: 'partial' }
  /** The request takes effect; the response has its usual status and an empty body. */
  | { readonly kind: 'empty' }
  /** The request takes effect; the body is valid JSON of an unexpected shape. */
  | { readonly kind: 'wrong-json' }
  /** No effect; the response is 200 with an HTML page, as a proxy may send it. */
  | { readonly kind: 'html' }
  /** No effect; the response is S3's 403, which repeats the signature of the presigned URL in its body. */
  | { readonly kind: 'signature-mismatch' };

/** How a response is lost: the connection is reset, or the client gets 503 with `Retry-After: 1`. */
export type LostResponse = 'reset' | 'unavailable';

/** Which requests a planned fault applies to. */
export interface FaultTarget extends RequestTarget {
  /** How many matching requests it applies to. Default 1. */
  readonly times?: number;
}

/** A fault that was applied to a request. */
export interface FaultHit {
  readonly kind: Fault['kind'];
  readonly method: string;
  readonly path: string;
}

/** The faults to apply. Planned faults are applied first, in the order in which they were planned. */
export interface FaultPlan {
  /** Plans a fault for the next `times` matching requests. */
  next(fault: Fault & FaultTarget): void;
  /** Share of the API requests (0 to 1) that get a random fault. The same request gets at most 3 in a row. */
  rate: number;
  /** Share of the presigned downloads (0 to 1) that get a random fault. */
  downloadRate: number;
  /** Removes the planned faults and sets both rates to 0. */
  clear(): void;
  /** How many planned faults are still to be applied. */
  readonly planned: number;
  /** Every fault that was applied so far, in order. */
  readonly hits: readonly FaultHit[];
}

const MAX_IN_A_ROW = 3;

// Short waits, so that a run under faults still ends soon.
const RANDOM_FAULTS: readonly (() => Fault)[] = [
  () => ({ kind: 'delay', delayMs: 50 }),
  () => ({ kind: 'status', status: 429, detail: 'rate limit exceeded' }),
  () => ({ kind: 'status', status: 429, detail: 'rate limit exceeded', retryAfter: 1 }),
  () => ({ kind: 'status', status: 429, detail: 'rate limit exceeded', retryAfter: new Date(Date.now() + 1000) }),
  () => ({ kind: 'status', status: 500, detail: 'Internal Server Error' }),
  () => ({ kind: 'status', status: 503, detail: 'Service Unavailable' }),
  () => ({ kind: 'status', status: 504, detail: 'Gateway Timeout' }),
  () => ({ kind: 'reset-before' }),
  () => ({ kind: 'reset-after' }),
  () => ({ kind: 'error-after' }),
  () => ({ kind: 'truncated' }),
  () => ({ kind: 'wrong-json' }),
  () => ({ kind: 'html' }),
];

const RANDOM_DOWNLOAD_FAULTS: readonly (() => Fault)[] = [
  () => ({ kind: 'status', status: 503, detail: 'Slow Down' }),
  () => ({ kind: 'reset-before' }),
  () => ({ kind: 'truncated' }),
  () => ({ kind: 'truncated-close-delimited' }),
  () => ({ kind: 'partial' }),
  () => ({ kind: 'empty' }),
  () => ({ kind: 'html' }),
  () => ({ kind: 'signature-mismatch' }),
];

/** The plan, from which the server takes the fault of each request. */
export class Faults implements FaultPlan {
  rate: number;
  downloadRate: number;
  readonly hits: FaultHit[] = [];
  readonly #queue: { fault: Fault & FaultTarget; remaining: number }[] = [];
  readonly #inARow = new Map<string, number>();

  constructor(
    rates: { readonly faultRate: number; readonly downloadFaultRate: number },
    private readonly random: SeededRandom,
  ) {
    this.rate = rates.faultRate;
    this.downloadRate = rates.downloadFaultRate;
  }

  get planned(): number {
    return this.#queue.reduce((sum, { remaining }) => sum + remaining, 0);
  }

  next(fault: Fault & FaultTarget): void {
    this.#queue.push({ fault, remaining: fault.times ?? 1 });
  }

  clear(): void {
    this.#queue.length = 0;
    this.#inARow.clear();
    this.rate = 0;
    this.downloadRate = 0;
  }

  /** Takes the fault of this request, if any, from the plan. */
  take(method: string, path: string): Fault | null {
    const fault = this.#takePlanned(method, path) ?? this.#takeRandom(method, path);
    if (fault !== null) this.hits.push({ kind: fault.kind, method, path });
    return fault;
  }

  #takePlanned(method: string, path: string): Fault | null {
    const index = this.#queue.findIndex(({ fault }) => matchesRequest(fault, method, path));
    const entry = this.#queue[index];
    if (entry === undefined) return null;
    entry.remaining -= 1;
    if (entry.remaining <= 0) this.#queue.splice(index, 1);
    return entry.fault;
  }

  #takeRandom(method: string, path: string): Fault | null {
    const isDownload = path.startsWith(PRESIGNED_PREFIX);
    const rate = isDownload ? this.downloadRate : this.rate;
    if (rate <= 0) return null;
    // A separate series, so that downloads don't change which API requests get a fault.
    const series = isDownload ? 'download-fault' : 'fault';
    const kinds = isDownload ? RANDOM_DOWNLOAD_FAULTS : RANDOM_FAULTS;
    const key = `${method} ${path}`;
    const inARow = this.#inARow.get(key) ?? 0;
    if (inARow >= MAX_IN_A_ROW || this.random.fraction(series) >= rate) {
      this.#inARow.delete(key);
      return null;
    }
    this.#inARow.set(key, inARow + 1);
    return kinds[Math.floor(this.random.fraction(`${series}-kind`) * kinds.length)]?.() ?? null;
  }
}
