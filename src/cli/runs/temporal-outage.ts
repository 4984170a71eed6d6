import type { TemporalTarget } from '../errors.js';
import { findGrpcStatus, GRPC_CODES } from '../grpc-status.js';

/** What a server that is away, starts or is overloaded answers, or what stands for no answer. It says nothing about the run. */
const OUTAGE_CODES: ReadonlySet<number | undefined> = new Set([
  GRPC_CODES.unknown,
  GRPC_CODES.deadlineExceeded,
  GRPC_CODES.resourceExhausted,
  GRPC_CODES.internal,
  GRPC_CODES.unavailable,
]);

/** Whether a request to Temporal failed because of the server or the network, and may work later. */
export function isOutage(error: unknown): boolean {
  return OUTAGE_CODES.has(findGrpcStatus(error)?.code);
}

/** Says once that Temporal can't be reached, and once that it answers again, however many requests there are at a time. */
export class TemporalOutage {
  readonly #target: TemporalTarget;
  readonly #note: (line: string) => void;
  #isAway = false;
  #changedMs = 0;

  constructor(target: TemporalTarget, note: (line: string) => void) {
    this.#target = target;
    this.#note = note;
  }

  /** @param sentMs When the request was sent, by `performance.now()`. One from before the last change says nothing new. */
  requestFailed(sentMs: number): void {
    this.#change(
      true,
      sentMs,
      `Temporal can't be reached at ${this.#target.address}. The run is not affected. Trying again…`,
    );
  }

  requestAnswered(sentMs: number): void {
    this.#change(false, sentMs, `Temporal answers again at ${this.#target.address}`);
  }

  #change(isAway: boolean, sentMs: number, line: string): void {
    if (this.#isAway === isAway || sentMs < this.#changedMs) return;
    this.#isAway = isAway;
    this.#changedMs = performance.now();
    this.#note(line);
  }
}
