import type { Seeded } from './seeded.js';

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
  /** The request takes effect, then the answer is 502. */
  | { readonly kind: 'error-after' }
  /** The request takes effect; half the answer arrives under the Content-Length of the whole. */
  | { readonly kind: 'truncated' }
  /** The request takes effect; the answer is valid JSON of another shape. */
  | { readonly kind: 'wrong-json' }
  /** 200 with an HTML page, as a proxy in between may answer, with no effect. */
  | { readonly kind: 'html' };

/** Which requests a planned fault is for. Without `path` it is for every request to the API, but no presigned download. */
export interface FaultTarget {
  /** How many matching requests it hits. Default 1. */
  readonly times?: number;
  readonly method?: string;
  /** A whole path, or a pattern. */
  readonly path?: string | RegExp;
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
  /** Forgets what is planned and sets the rate to 0. */
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

/** The plan as the server asks it. */
export class Faults implements FaultPlan {
  rate: number;
  readonly hits: FaultHit[] = [];
  readonly #queue: { fault: Fault & FaultTarget; left: number }[] = [];
  readonly #inARow = new Map<string, number>();

  constructor(
    rate: number,
    private readonly seeded: Seeded,
  ) {
    this.rate = rate;
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
  }

  /** The fault that this request meets, if any; it is spent by asking. */
  take(method: string, path: string): Fault | null {
    const fault = this.#takePlanned(method, path) ?? this.#takeRandom(method, path);
    if (fault !== null) this.hits.push({ kind: fault.kind, method, path });
    return fault;
  }

  #takePlanned(method: string, path: string): Fault | null {
    const index = this.#queue.findIndex(({ fault }) => matches(fault, method, path));
    const entry = this.#queue[index];
    if (entry === undefined) return null;
    entry.left -= 1;
    if (entry.left <= 0) this.#queue.splice(index, 1);
    return entry.fault;
  }

  #takeRandom(method: string, path: string): Fault | null {
    if (this.rate <= 0 || path.startsWith('/__emulator/')) return null;
    const key = `${method} ${path}`;
    const inARow = this.#inARow.get(key) ?? 0;
    if (inARow >= MAX_IN_A_ROW || this.seeded.fraction('fault') >= this.rate) {
      this.#inARow.delete(key);
      return null;
    }
    this.#inARow.set(key, inARow + 1);
    return RANDOM_FAULTS[Math.floor(this.seeded.fraction('fault-kind') * RANDOM_FAULTS.length)]?.() ?? null;
  }
}

function matches(target: FaultTarget, method: string, path: string): boolean {
  if (target.method !== undefined && target.method.toUpperCase() !== method) return false;
  if (target.path === undefined) return !path.startsWith('/__emulator/');
  return typeof target.path === 'string' ? target.path === path : path.search(target.path) !== -1;
}
