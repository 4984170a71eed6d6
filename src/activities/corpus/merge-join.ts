import type { CorpusLine } from '../../protocol/index.js';
import { comparePaths, type SourceEntry, SourceError } from '../../sources/index.js';

/** What the source and the last manifest have of one path: one of them or both. */
export interface Joined {
  path: string;
  entry?: SourceEntry;
  line?: CorpusLine;
}

/**
 * Joins the entries of a source with the lines of the last manifest. Both are ordered by path, and so is what is joined. One of each is in
 * memory at a time.
 *
 * @throws SourceError if the source is not in order: files would be taken for gone.
 */
export async function* mergeJoin(
  entries: AsyncIterable<SourceEntry>,
  lines: AsyncIterable<CorpusLine>,
): AsyncGenerator<Joined> {
  const entry = new Reader(assertOrdered(entries));
  const line = new Reader(lines);
  try {
    await Promise.all([entry.advance(), line.advance()]);
    while (entry.current !== undefined || line.current !== undefined) {
      const order = compareCurrent(entry.current, line.current);
      const joined: Joined = { path: (order <= 0 ? entry : line).current?.path ?? '' };
      if (order <= 0 && entry.current !== undefined) joined.entry = entry.current;
      if (order >= 0 && line.current !== undefined) joined.line = line.current;
      if (order <= 0) await entry.advance();
      if (order >= 0) await line.advance();
      yield joined;
    }
  } finally {
    await Promise.all([entry.close(), line.close()]);
  }
}

/** What has ended comes last. */
function compareCurrent(entry: SourceEntry | undefined, line: CorpusLine | undefined): number {
  if (entry === undefined) return 1;
  if (line === undefined) return -1;
  return comparePaths(entry.path, line.path);
}

class Reader<T> {
  readonly #iterator: AsyncIterator<T>;
  current: T | undefined;

  constructor(items: AsyncIterable<T>) {
    this.#iterator = items[Symbol.asyncIterator]();
  }

  async advance(): Promise<void> {
    const next = await this.#iterator.next();
    this.current = next.done === true ? undefined : next.value;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

async function* assertOrdered(entries: AsyncIterable<SourceEntry>): AsyncGenerator<SourceEntry> {
  let last: string | undefined;
  for await (const entry of entries) {
    if (last !== undefined && comparePaths(entry.path, last) <= 0)
      throw new SourceError('list', 'the source', `${entry.path} comes after ${last}, and its list has to be ordered`);
    last = entry.path;
    yield entry;
  }
}
