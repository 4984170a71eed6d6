import { describe, expect, test } from 'vitest';
import { ListedFiles } from '../../../src/activities/manifest/manifest-parts.js';
import { toPlainFileId } from '../../../src/activities/results/file-id.js';
import { countUnidentified, isUnmapped, toCompleteRows } from '../../../src/activities/results/result-rows.js';
import { documentKey } from '../../../src/activities/support/output-keys.js';
import type { BatchResult } from '../../../src/llamacloud/index.js';
import { DirectoryStore } from '../../../src/outputs/index.js';
import { isValidId } from '../../../src/protocol/index.js';

const CREATED_AT = '2026-01-01T10:00:00Z';

const job = (fileId: string | undefined, id: string, type = 'parse_v2'): BatchResult => ({
  source_directory_file_id: fileId,
  job_reference: { id, type },
});
const error = (fileId: string, message: string): BatchResult => ({
  source_directory_file_id: fileId,
  error_message: message,
});
const neither = (fileId: string): BatchResult => ({ source_directory_file_id: fileId });
const file = (id: string, createdAt = CREATED_AT) => ({ id, name: `${id}.md`, createdAtMs: Date.parse(createdAt) });

function rowsOf(results: BatchResult[], files: ReturnType<typeof file>[] = [], isComplete = true) {
  return toCompleteRows({ results, created_at: CREATED_AT }, { files, isComplete }) ?? [];
}

describe('the rows of results', () => {
  test('collapse to one a file: a job wins over an error, an error over nothing, in whatever order they come', () => {
    const results = [neither('a'), job('a', 'pjb-1'), error('b', 'unreadable'), neither('b'), job('a', 'pjb-1')];
    for (const each of [results, results.toReversed()]) {
      const rows = rowsOf(each).map(({ fileId, job, error }) => [fileId, job?.id ?? error]);
      expect(rows.sort()).toEqual([
        ['a', 'pjb-1'],
        ['b', 'unreadable'],
      ]);
    }
  });

  test('of one file with two jobs name the same one each time', () => {
    const results = [job('a', 'pjb-2'), job('a', 'pjb-1'), job('a', 'pjb-3')];
    for (const each of [results, results.toReversed()]) expect(rowsOf(each)).toMatchObject([{ job: { id: 'pjb-1' } }]);
  });

  test('without a file id are named by their job, and the file that they stand for is not missed', () => {
    const rows = rowsOf([job(undefined, 'pjb-1'), job(undefined, 'pjb-1'), job('b', 'pjb-2')], [file('a'), file('b')]);
    expect(rows.map(({ fileId }) => fileId)).toEqual(['pjb-1', 'b']);
  });

  test('without a file id list no file twice: there are as many rows as files, and the same ones each time', () => {
    const files = [file('a'), file('b'), file('c')];
    for (const each of [files, files.toReversed()]) {
      const rows = rowsOf([job(undefined, 'pjb-1'), job(undefined, 'pjb-1')], each);
      expect(rows.map(({ fileId }) => fileId)).toEqual(['pjb-1', 'b', 'c']);
    }
    const repeated = [job(undefined, 'pjb-1'), job('a', 'pjb-1'), job(undefined, 'pjb-1')];
    expect(rowsOf(repeated).map(({ fileId }) => fileId)).toEqual(['a']);
    expect(rowsOf(repeated, files).map(({ fileId }) => fileId)).toEqual(['a', 'b', 'c']);
  });

  test('without a file id stand for no other file than their own: a file without a job may be theirs, and rather is one listed twice than not at all', () => {
    const files = [file('a'), file('b')];
    for (const own of [neither('a'), error('a', 'unreadable')])
      expect(rowsOf([own, job(undefined, 'pjb-1')], files).map(({ fileId }) => fileId)).toEqual(['a', 'pjb-1', 'b']);
  });

  test('without a file id stand for no file if their job stands in the manifest already', () => {
    const listed = new ListedFiles();
    listed.add({ fileId: 'b', jobId: 'pjb/1' });
    const batch = { results: [job(undefined, 'pjb/1')], created_at: CREATED_AT };
    const rows = toCompleteRows(batch, { files: [file('a'), file('b')], isComplete: true }, listed) ?? [];
    expect(rows.filter(({ fileId, job }) => !listed.has(fileId, job?.id)).map(({ fileId }) => fileId)).toEqual(['a']);
  });

  test('of files that are not in the directory any more stand for no other file', () => {
    expect(rowsOf([job('gone', 'pjb-1')], [file('a')]).map(({ fileId }) => fileId)).toEqual(['gone', 'a']);
  });

  test('are completed by the files of the directory that were there when the batch was created', () => {
    const files = [file('a'), file('b'), file('late', '2026-01-01T10:00:01Z')];
    const rows = rowsOf([job('a', 'pjb-1')], files);
    expect(rows.map(({ fileId, name }) => [fileId, name])).toEqual([
      ['a', 'a.md'],
      ['b', 'b.md'],
    ]);
    expect(rows.map(isUnmapped)).toEqual([false, true]);
    expect(rowsOf([job('a', 'pjb-1')], files, false)).toHaveLength(1);
  });

  test('of an unknown job type are errors that say so', () => {
    expect(rowsOf([job('a', 'shj-1', 'sheets_v2')])).toMatchObject([
      { fileId: 'a', job: null, error: 'job shj-1 is of the unknown type sheets_v2' },
    ]);
  });

  test('that name neither a file nor a job are none, and are counted', () => {
    const results = [{}, { error_message: 'lost' }, job(undefined, 'pjb-1'), job('a', 'pjb-2'), neither('b')];
    expect(rowsOf(results.slice(0, 2))).toEqual([]);
    expect(countUnidentified(results)).toEqual({ withJob: 1, withoutJob: 2 });
    const twice = [job(undefined, 'pjb-1'), job(undefined, 'pjb-1'), job(undefined, 'pjb-2'), job('a', 'pjb-2')];
    expect(countUnidentified(twice)).toEqual({ withJob: 1, withoutJob: 0 });
  });

  test('have names and errors that are short, well-formed lines without the queries of URLs', () => {
    const name = '\u0000\u0007'.repeat(500);
    const names = new Map([
      ['a', name],
      ['b', '漢🦙'.repeat(1_000)],
    ]);
    const files = [...names].map(([id, name]) => ({ ...file(id), name }));
    const message = `\ud800 see https://store.example/a?X-Amz-Signature=PLANTED ${'x'.repeat(5_000)}`;
    const [a, b] = rowsOf([error('a', message), error('b', '')], files);
    expect(a).toMatchObject({ name: null, error: expect.stringContaining('https://store.example/a?[redacted]') });
    expect(a?.error).not.toContain('PLANTED');
    expect(a?.error?.isWellFormed()).toBe(true);
    expect(a?.error?.length).toBeLessThan(310);
    expect(Buffer.byteLength(b?.name ?? '')).toBeLessThan(310);
    expect(b?.error).toBe('LlamaCloud gave no reason');
  });
});

describe('a file id', () => {
  const STRANGE = ['..', '.', ' dfl-1', 'dfl-1 ', 'a\u0000b', '🦙', '\ud83e', '\udd99', 'x'.repeat(1_200), ''];

  test.each([...STRANGE, 'a/b', 'a\\b', '../../etc/passwd'])(
    'of whatever shape fits a workflow id and stays in the folder: %j',
    (id) => {
      const bounded = toPlainFileId(id);
      expect(isValidId(bounded)).toBe(true);
      expect(toPlainFileId(bounded)).toBe(bounded);
      const key = documentKey('bat-1', { fileId: bounded, name: null }, 'markdown');
      expect(new DirectoryStore('/out').locate(key)).toMatch(/^\/out\/bat-1\/[^/]+\.md$/);
    },
  );

  test('that cannot be used becomes another one for each', () => {
    expect(new Set(STRANGE.map(toPlainFileId)).size).toBe(STRANGE.length);
    expect(toPlainFileId('dfl-1')).toBe('dfl-1');
  });

  test.each(['constructor', '__proto__', 'toString'])('may be the name of a property of every object: %s', (id) => {
    expect(rowsOf([job(id, 'pjb-1')])).toMatchObject([{ fileId: id, name: null }]);
    expect(rowsOf([job(id, 'pjb-1')], [file(id)])).toMatchObject([{ name: `${id}.md` }]);
  });
});
