/** Bounds the memory. An event that is forgotten too early can wake its run once more, which costs one GET. */
const MAX_EVENTS = 10_000;

/** The ids of the events that were taken, for as long as the same body would be accepted again by its timestamp. */
export class TakenEvents {
  /** When each id may be forgotten, in milliseconds of the epoch. The id that was taken first is first. */
  readonly #forgetAtMs = new Map<string, number>();

  constructor(private readonly max = MAX_EVENTS) {}

  /** Returns false if the event was taken before. */
  take(id: string, nowMs: number, forgetAtMs: number): boolean {
    if ((this.#forgetAtMs.get(id) ?? 0) > nowMs) return false;
    this.#forgetAtMs.delete(id);
    this.#forgetAtMs.set(id, forgetAtMs);
    for (const [oldest, atMs] of this.#forgetAtMs) {
      if (this.#forgetAtMs.size <= this.max && atMs > nowMs) break;
      this.#forgetAtMs.delete(oldest);
    }
    return true;
  }
}
