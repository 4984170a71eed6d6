import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Joined, mergeJoin } from '../../../src/activities/corpus/merge-join.js';
import { comparePaths, SourceError } from '../../../src/sources/index.js';
import { corpusLine } from './support.js';

/** Few names, so that many are in both. */
const path = fc.string({
  unit: fc.constantFrom('a', 'b', '/', '-', '\uFFFD', '🦙', '\udc80'),
  minLength: 1,
  maxLength: 3,
});
const paths = fc.uniqueArray(path, { maxLength: 12 }).map((all) => all.toSorted(comparePaths));

async function* toIterable<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const toEntry = (of: string) => ({ path: of, size: 1, changeToken: 't' });

async function join(entries: readonly string[], lines: readonly string[]): Promise<Joined[]> {
  const joined: Joined[] = [];
  const all = mergeJoin(toIterable(entries.map(toEntry)), toIterable(lines.map((each) => corpusLine({ path: each }))));
  for await (const one of all) joined.push(one);
  return joined;
}

test('each path is there once, in order, with what the source and the manifest have of it', async () => {
  await fc.assert(
    fc.asyncProperty(paths, paths, async (entries, lines) => {
      const joined = await join(entries, lines);
      const expected = [...new Set([...entries, ...lines])].toSorted(comparePaths);
      expect(joined.map((one) => one.path)).toEqual(expected);
      for (const one of joined) {
        expect(one.entry?.path).toBe(entries.includes(one.path) ? one.path : undefined);
        expect(one.line?.path).toBe(lines.includes(one.path) ? one.path : undefined);
      }
    }),
    { numRuns: 500 },
  );
});

test('a source that is not in order fails: its files would be taken for gone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(path, { minLength: 2, maxLength: 6 }), paths, async (entries, lines) => {
      const isOrdered = entries.every((one, index) => index === 0 || comparePaths(entries[index - 1] ?? '', one) < 0);
      fc.pre(!isOrdered);
      await expect(join(entries, lines)).rejects.toThrow(SourceError);
    }),
  );
});
