import { createHash } from 'node:crypto';

/** Random ids and numbers derived from a seed, so that a run can be repeated. Each series is independent of the others. */
export class SeededRandom {
  readonly #counts = new Map<string, number>();

  constructor(private readonly seed: number) {}

  /** The next id of a series, such as `bat-` and a UUID. */
  uuid(prefix: string, series = prefix): string {
    const hex = this.#next(series).toString('hex');
    // With the version and variant digits of a random UUID, since clients may check them.
    const parts = [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `4${hex.slice(13, 16)}`,
      `a${hex.slice(17, 20)}`,
      hex.slice(20, 32),
    ];
    return prefix + parts.join('-');
  }

  /** The next id of a series: a prefix and `length` base-36 characters, such as the ids of parse jobs. */
  base36(prefix: string, length: number): string {
    const characters = Array.from(this.#next(prefix), (byte) => (byte % 36).toString(36));
    return prefix + characters.slice(0, length).join('');
  }

  /** The next number of a series, in [0, 1). */
  fraction(series: string): number {
    return this.#next(series).readUInt32BE(0) / 2 ** 32;
  }

  /** A copy of the items in the next random order of a series. */
  shuffle<T>(series: string, items: readonly T[]): T[] {
    const keyed = items.map((item) => ({ item, key: this.fraction(series) }));
    return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
  }

  #next(series: string): Buffer {
    const count = this.#counts.get(series) ?? 0;
    this.#counts.set(series, count + 1);
    return createHash('sha256').update(`${this.seed}/${series}/${count}`).digest();
  }
}
