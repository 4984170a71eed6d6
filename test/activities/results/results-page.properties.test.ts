import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReadResultsInput } from '../../../src/activities/results/read-results.js';
import { run } from '../support.js';
import { row, setRows, startResults, writeLines } from './support.js';

const MAX_FILES = 12;

const someFiles = fc.subarray(
  Array.from({ length: MAX_FILES }, (_, index) => index),
  { maxLength: 4 },
);

/** What LlamaCloud returns when a page is read: some rows again, in another order, some not yet, and some without their file. */
const view = fc.record({
  order: fc.array(fc.nat(), { minLength: 1 }),
  repeated: fc.array(fc.nat(MAX_FILES), { maxLength: 4 }),
  late: someFiles,
  /** Rows that name only their job this time. */
  unnamed: someFiles,
});

const LAST_VIEW = { order: [0], repeated: [], late: [], unnamed: [] };

test('every file of a batch is on one page, whatever the pages’ size is, in whatever order, how often and how late its row comes, and whether it names the file or only its job', async () => {
  const { env, batch, read, a, b, c } = await startResults();
  const own = [a, b, c];
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: MAX_FILES }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(view, { minLength: 1, maxLength: 5 }),
      async (count, pageSize, views) => {
        // Some are files of the directory, which are listed also without a row.
        const fileIds = Array.from({ length: count }, (_, index) => own[index] ?? `dfl-${index}`);
        const jobIds = fileIds.map((_, index) => `pjb-${index}`);
        const firstRunId = `run-${runs++}`;
        const seen: string[] = [];
        let remaining = 1;
        for (let part = 0; remaining > 0; part++) {
          const { order, repeated, late, unnamed } = views[part % views.length] ?? LAST_VIEW;
          // What came once stays, and everything is there in the end.
          const isThere = (index: number) =>
            part >= views.length || !late.includes(index) || seen.includes(fileIds[index] ?? '');
          // Of a file of the directory that has no line yet, it is not known which one has the job without a name.
          const isNamed = (index: number) =>
            !unnamed.includes(index) || (index < own.length && !seen.includes(fileIds[index] ?? ''));
          const rows = fileIds.flatMap((fileId, index) =>
            isThere(index) ? [row(isNamed(index) ? fileId : null, jobIds[index] ?? null)] : [],
          );
          const twice = [...rows, ...repeated.flatMap((index) => rows[index] ?? [])];
          setRows(env, batch.id, shuffle(twice, order));
          const input: Partial<ReadResultsInput> = { firstRunId, parts: part, pageSize, graceMs: 0 };
          const page = await run(env.activities.readResults, read(0, input));
          expect(page.rows.length).toBeLessThanOrEqual(pageSize);
          expect(page.rows.length > 0 || page.remaining === 0).toBe(true);
          await writeLines(env, read(0, input), part, page.rows);
          // Without its name, a file goes by its job.
          seen.push(...page.rows.map(({ fileId }) => fileIds[jobIds.indexOf(fileId)] ?? fileId));
          // A row that is late when the last page is read can't be waited for any more.
          remaining = page.remaining > 0 || part < views.length ? 1 : 0;
        }
        expect(seen).toHaveLength(new Set(seen).size);
        expect([...seen].sort()).toEqual([...new Set([...fileIds, ...own])].sort());
      },
    ),
    { numRuns: 10 },
  );
});

function shuffle<T>(items: readonly T[], order: readonly number[]): T[] {
  const left = [...items];
  return items.flatMap((_, index) => left.splice((order[index % order.length] ?? 0) % left.length, 1));
}
