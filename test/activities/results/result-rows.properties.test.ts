import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toPlainFileId } from '../../../src/activities/results/file-id.js';
import {
  countUnidentified,
  type FileRow,
  isUnmapped,
  toCompleteRows,
} from '../../../src/activities/results/result-rows.js';
import type { BatchResult } from '../../../src/llamacloud/index.js';
import { isValidId } from '../../../src/protocol/index.js';
import { anyText } from '../../support/arbitraries.js';

const CREATED_AT = '2026-01-01T10:00:00Z';
const LATER = '2026-01-01T10:00:01Z';

/** Few ids, so that rows often repeat a file or a job. */
const fileId = fc.oneof(
  fc.nat(6).map((index) => `dfl-${index}`),
  fc.constantFrom('../x', '\ud83e', 'constructor'),
);
const job = fc.nat(8).map((index) => ({ id: `pjb-${index}`, type: index === 7 ? 'split_v1' : 'parse_v2' }));
const result: fc.Arbitrary<BatchResult> = fc.record({
  source_directory_file_id: fc.option(fileId, { nil: undefined, freq: 4 }),
  job_reference: fc.option(job),
  error_message: fc.option(anyText(2)),
});
const results = fc.array(result, { maxLength: 12 });
const files = fc
  .uniqueArray(fileId, { maxLength: 8 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc.record({
          id: fc.constant(id),
          createdAtMs: fc.constantFrom(Date.parse(CREATED_AT), Date.parse(LATER), null),
        }),
      ),
    ),
  )
  .map((files) => files.map(({ id, createdAtMs }) => ({ id: toPlainFileId(id), name: `${id}.md`, createdAtMs })));

function rowsOf(
  results: BatchResult[],
  files: { id: string; name: string; createdAtMs: number | null }[] = [],
  isComplete = true,
) {
  return toCompleteRows({ results, created_at: CREATED_AT }, { files, isComplete }) ?? [];
}

/** Of errors of one file any may be taken. */
const withoutErrors = (rows: FileRow[]) =>
  rows
    .map(({ error, ...row }) => ({ ...row, hasError: error !== null }))
    .sort((a, b) => (a.fileId < b.fileId ? -1 : 1));

const isOfBatch = ({ createdAtMs }: { createdAtMs: number | null }) => createdAtMs !== Date.parse(LATER);

describe('the rows of a batch, whatever its results are', () => {
  test('are one for each file, with an id that fits, and with a job, an error or neither', () => {
    fc.assert(
      fc.property(results, files, fc.boolean(), (results, files, isComplete) => {
        const rows = rowsOf(results, files, isComplete);
        expect(new Set(rows.map(({ fileId }) => fileId)).size).toBe(rows.length);
        for (const row of rows) {
          expect(isValidId(row.fileId)).toBe(true);
          expect(row.job !== null && row.error !== null).toBe(false);
          expect(isUnmapped(row)).toBe(row.job === null && row.error === null);
        }
      }),
    );
  });

  test('are the same in whatever order the results come, and however often', () => {
    const shuffled = results.chain((results) =>
      fc.tuple(
        fc.constant(results),
        fc.tuple(fc.shuffledSubarray(results, { minLength: results.length }), fc.subarray(results)),
      ),
    );
    fc.assert(
      fc.property(shuffled, files, ([results, [others, repeated]], files) => {
        const rows = rowsOf(results, files);
        expect(withoutErrors(rowsOf([...others, ...repeated], files.toReversed()))).toEqual(withoutErrors(rows));
      }),
      { numRuns: 300 },
    );
  });

  test('lose no file and no job: each that a result names has its row, and of two jobs of a file one', () => {
    fc.assert(
      fc.property(results, files, (results, files) => {
        const rows = rowsOf(results, files);
        const ids = new Set(rows.map(({ fileId }) => fileId));
        const jobs = new Set(rows.flatMap(({ job, error }) => job?.id ?? error ?? []));
        for (const { source_directory_file_id: fileId, job_reference: job } of results) {
          if (fileId !== undefined) expect(ids).toContain(toPlainFileId(fileId));
          else if (job != null && job.type === 'parse_v2') {
            // Its own row, or that of the file that another result assigns it to.
            const isAssigned = results.some(
              (other) => other.source_directory_file_id !== undefined && other.job_reference?.id === job.id,
            );
            expect(ids.has(job.id)).toBe(!isAssigned);
            expect(jobs.has(job.id) || isAssigned).toBe(true);
          }
        }
        for (const { fileId, job } of rows) {
          const own = results.filter(
            (result) =>
              result.source_directory_file_id !== undefined &&
              toPlainFileId(result.source_directory_file_id) === fileId,
          );
          const ownJobs = own.flatMap(({ job_reference: job }) => (job?.type === 'parse_v2' ? [job.id] : []));
          if (ownJobs.length > 0 && own.every((result) => result.job_reference?.type !== 'split_v1'))
            expect(ownJobs).toContain(job?.id);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('are at least as many as the files that were there when the batch was created', () => {
    fc.assert(
      fc.property(results, files, (results, files) => {
        const rows = rowsOf(results, files);
        expect(rows.length).toBeGreaterThanOrEqual(files.filter(isOfBatch).length);
        const named = new Set(
          results.flatMap(({ source_directory_file_id: id }) => (id === undefined ? [] : toPlainFileId(id))),
        );
        for (const file of files) {
          const row = rows.find(({ fileId }) => fileId === file.id);
          if (named.has(file.id)) expect(row?.name).toBe(toName(file.name));
          else if (!isOfBatch(file)) expect(row).toBeUndefined();
          // Each job that names no file may stand for one of these.
          else if (countUnidentified(results).withJob === 0) expect(row && isUnmapped(row)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('only grow, and keep their jobs, as results come late', () => {
    fc.assert(
      fc.property(results, results, (earlier, later) => {
        const identified = (results: BatchResult[]) =>
          results.filter((result) => result.source_directory_file_id !== undefined);
        const before = rowsOf(identified(earlier));
        const after = new Map(rowsOf(identified([...earlier, ...later])).map((row) => [row.fileId, row]));
        for (const { fileId, job } of before) {
          expect(after.has(fileId)).toBe(true);
          if (job !== null)
            expect(isUnmapped(after.get(fileId) ?? { fileId, name: null, job: null, error: null })).toBe(false);
        }
      }),
    );
  });
});

/** Half a surrogate pair in a name is replaced. */
const toName = (name: string) => name.toWellFormed();
