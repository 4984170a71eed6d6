import { matchesRequest, PRESIGNED_PREFIX, type RequestTarget } from './request-target.js';
import type { SeededRandom } from './seeded-random.js';

/** What goes wrong with one request. */
export type Fault =
  /** Answered as usual, this much later. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** This status and `{"detail": detail}`, with no effect. `retryAfter` in seconds, or a date, becomes the header. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly detail?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly retryAfter?: number | Date;
    }
  /** The connection is reset, with no effect. */
  | { readonly kind: 'reset-before' }
  /** The request takes effect, then the connection is reset with no answer. */
  | { readonly kind: 'reset-after' }
  /** The request takes effect, then the answer is `status` (default 502), with `Retry-After` when given. */
  | { readonly kind: 'error-after'; readonly status?: number; readonly retryAfter?: number | Date }
  /** The answer is lost at once, and the request takes effect only `effectAfterMs` later. `answer` defaults to `reset`. */
  | { readonly kind: 'late-effect'; readonly effectAfterMs: number; readonly response?: LostResponse }
  /** The request takes effect twice. The answer is that of the first time, unless `answer` says how it is lost. */
  | { readonly kind: 'duplicated'; readonly response?: LostResponse }
  /** The request takes effect; half the answer arrives under the Content-Length of the whole. */
  | { readonly kind: 'truncated' }
  /**
   * The request takes effect; half the answer arrives without a Content-Length, then the connection ends in order. Only
   * who knows the size can tell that something is missing.
   */
  | { readonly kind: 'truncated-close-delimited' }
  /** The request takes effect; half the answer arrives as 206 with `Content-Range`. */
  | { readonly kind: 'partial' }
  /** The request takes effect; the answer has its usual status and no body. */
  | { readonly kind: 'empty' }
  /** The request takes effect; the answer is valid JSON of another shape. */
  | { readonly kind: 'wrong-json' }
  /** 200 with an HTML page, as a proxy in between may answer, with no effect. */
  | { readonly kind: 'html' }
  /** 403 as from S3, with the query and its signature repeated in the body, with no effect. */
  | { readonly kind: 'signature-mismatch' };

/** How an answer is lost: the connection is reset, or 503 with `Retry-After: 1` comes in its place. */
export type LostResponse = 'reset' | 'unavailable';

/** Which requests a planned fault is for. */
export interface FaultTarget extends RequestTarget {
  /** How many matching requests it hits. Default 1. */
  readonly times?: number;
}

export interface FaultHit {
  readonly kind: Fault['kind'];
  readonly method: string;
  readonly path: string;
}

/** The faults to come. Planned ones go before random ones, in the order in which they were planned. */
export interface FaultPlan {
  /** Plans a fault for the next matching requests. */
  next(fault: Fault & FaultTarget): void;
  /** Share of the API requests (0 to 1) that meet a fault of a random kind, at most 3 times in a row the same request. */
  rate: number;
  /** The same for presigned downloads. */
  downloadRate: number;
  /** Forgets what is planned and sets the rates to 0. */
  clear(): void;
  /** How many planned faults have not hit yet. */
  readonly planned: number;
  /** Every fault so far, in order. */
  readonly hits: readonly FaultHit[];
}

const MAX_IN_A_ROW = 3;

// Every kind that a client meets in the field; the waits are short, so that a run under faults still ends soon.
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

/** The plan as the server asks it. */
export class Faults implements FaultPlan {
  rate: number;
  downloadRate: number;
  readonly hits: FaultHit[] = [];
  readonly #queue: { fault: Fault & FaultTarget; left: number }[] = [];
  readonly #inARow = new Map<string, number>();

  constructor(
    rates: { readonly faultRate: number; readonly downloadFaultRate: number },
    private readonly random: SeededRandom,
  ) {
    this.rate = rates.faultRate;
    this.downloadRate = rates.downloadFaultRate;
  }

  get planned(): number {
    return this.#queue.reduce((sum, { left }) => sum + left, 0);
  }

  next(fault: Fault & FaultTarget): void {
    this.#queue.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#queue.length = 0;
    this.#inARow.clear();
    this.rate = 0;
    this.downloadRate = 0;
  }

  /** The fault that this request meets, if any; it is spent by asking. */
  take(method: string, path: string): Fault | null {
    const fault = this.#takePlanned(method, path) ?? this.#takeRandom(method, path);
    if (fault !== null) this.hits.push({ kind: fault.kind, method, path });
    return fault;
  }

  #takePlanned(method: string, path: string): Fault | null {
    const index = this.#queue.findIndex(({ fault }) => matchesRequest(fault, method, path));
    const entry = this.#queue[index];
    if (entry === undefined) return null;
    entry.left -= 1;
    if (entry.left <= 0) this.#queue.splice(index, 1);
    return entry.fault;
  }

  #takeRandom(method: string, path: string): Fault | null {
    const isDownload = path.startsWith(PRESIGNED_PREFIX);
    const rate = isDownload ? this.downloadRate : this.rate;
    if (rate <= 0) return null;
    // Series of their own, so that downloads don't change which API requests meet a fault.
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
