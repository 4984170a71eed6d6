import { CancelledFailure } from '@temporalio/common';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_POLL } from '../../src/protocol/index.js';
import { addBatch, type Bench, environment, failing, run, runIn, setBench, until } from './support.js';

afterEach(() => {
  vi.useRealTimers();
});

const GRACE_MS = 120_000;
const FILES = /\/files$/;

/** A batch over three files, and how to read its results. */
async function start(emulator = {}) {
  const bench = await setBench({ emulator });
  const batch = await addBatch(bench);
  const { files } = batch.directory;
  const [a = '', b = '', c = ''] = files.map(({ id }) => id);
  const read = {
    batchId: batch.id,
    directoryId: batch.directory.id,
    status: 'COMPLETED',
    pageSize: 10,
    graceMs: GRACE_MS,
    poll: DEFAULT_POLL,
  };
  return { bench, batch, read, a, b, c };
}

const row = (fileId: string, jobId: string | null, error: string | null = null, type = 'parse_v2') => ({
  source_directory_file_id: fileId,
  job_reference: jobId === null ? null : { type, id: jobId },
  error_message: error,
});

const setRows = ({ emulator }: Bench, batchId: string, rows: unknown) =>
  emulator.batches.setResults(batchId, () => rows);

describe('the results of a batch', () => {
  test('are its files in their order, each with its name and its job', async () => {
    const { bench, batch, read } = await start();
    const page = await run(bench.activities.readResults, read);
    const [{ files } = { files: [] }] = bench.emulator.batches.list();
    expect(page).toEqual({
      remaining: 0,
      rows: files.map(({ fileId, name, jobId }) => ({ fileId, name, job: { id: jobId, type: 'parse_v2' } })),
      jobs: { ready: expect.any(String), digest: expect.any(String) },
    });
    expect(page.rows.map(({ name }) => name)).toEqual(['a.md', 'b.md', 'c.md']);
    expect(batch.requests()[0]?.query).toEqual({ expand: ['results'] });
  });

  test('keep an error in its place, and a reference of whatever type', async () => {
    const { bench, batch, read, a, b, c } = await start();
    setRows(bench, batch.id, [
      row(a, null, 'unreadable'),
      row(b, 'ext-1', null, 'extract_v2'),
      row(c, 'pjb-1', 'a warning'),
    ]);
    expect((await run(bench.activities.readResults, read)).rows).toEqual([
      { fileId: a, name: 'a.md', error: 'unreadable' },
      { fileId: b, name: 'b.md', job: { id: 'ext-1', type: 'extract_v2' } },
      { fileId: c, name: 'c.md', job: { id: 'pjb-1', type: 'parse_v2' } },
    ]);
  });

  test('keep a job of a type that nobody has heard of as a failed file', async () => {
    const { bench, batch, read, a, b } = await start();
    setRows(bench, batch.id, [row(a, 'shj-1', null, 'sheets_v2'), row(b, 'pjb-1')]);
    const { rows } = await run(bench.activities.readResults, read);
    expect(rows[0]).toMatchObject({ fileId: a, error: expect.stringContaining('sheets_v2') });
    expect(rows[1]).toMatchObject({ fileId: b, job: { id: 'pjb-1' } });
  });

  test('of a batch that turns out to have failed never come, and are not waited for', async () => {
    const { bench, batch, read } = await start();
    bench.emulator.batches.setStatus(batch.id, 'FAILED');
    expect(await failing(bench.activities.readResults, read)).toMatchObject({
      type: 'BatchFailed',
      nonRetryable: true,
    });
  });

  test('that are null after COMPLETED are waited for, however long it takes', async () => {
    const { bench, batch, read } = await start();
    setRows(bench, batch.id, null);
    for (const ageMs of [0, GRACE_MS + 1, 86_400_000]) {
      const failure = await failing(bench.activities.readResults, read, { ageMs });
      expect(failure).toMatchObject({ type: 'BatchNotReady', nonRetryable: false, category: 'BENIGN' });
      expect(failure.message).toMatch(
        /^batch bat-.* is COMPLETED, its results are not mapped yet, next look in \d+ s$/,
      );
    }
  });

  test('that are null after CANCELLED are none, once the grace period has passed', async () => {
    const { bench, batch, read } = await start();
    setRows(bench, batch.id, null);
    const cancelled = { ...read, status: 'CANCELLED' };
    expect((await failing(bench.activities.readResults, cancelled, { ageMs: GRACE_MS - 1 })).type).toBe(
      'BatchNotReady',
    );
    expect(await run(bench.activities.readResults, cancelled, { ageMs: GRACE_MS })).toEqual({ rows: [], remaining: 0 });
  });

  test('with neither a job nor an error are waited for, then become errors', async () => {
    const { bench, batch, read, a, b } = await start();
    setRows(bench, batch.id, [row(a, 'pjb-1'), row(b, null)]);
    const failure = await failing(bench.activities.readResults, read, { ageMs: GRACE_MS - 1 });
    expect(failure.message).toContain('is COMPLETED, 1 of 2 files have no job yet, next look in');
    expect((await run(bench.activities.readResults, read, { ageMs: GRACE_MS })).rows).toEqual([
      { fileId: a, name: 'a.md', job: { id: 'pjb-1', type: 'parse_v2' } },
      { fileId: b, name: 'b.md', error: 'LlamaCloud has neither a job nor an error for this file' },
    ]);
  });

  test('that repeat a file collapse: a job wins over an error, an error over nothing, the first over its like', async () => {
    const { bench, batch, read, a, b, c } = await start();
    setRows(bench, batch.id, [
      ...[row(a, null), row(b, null, 'unreadable'), row(c, null)],
      ...[row(a, 'pjb-1'), row(b, 'pjb-2'), row(c, null, 'unreadable')],
      ...[row(a, 'pjb-3'), row(b, null), row(c, null, 'another')],
    ]);
    const page = await run(bench.activities.readResults, read);
    expect(page.rows.map(({ fileId, job, error }) => [fileId, job?.id ?? error])).toEqual([
      [a, 'pjb-1'],
      [b, 'pjb-2'],
      [c, 'unreadable'],
    ]);
    expect(page.remaining).toBe(0);
  });

  test('of no files are an empty page', async () => {
    const { bench, batch, read } = await start();
    setRows(bench, batch.id, []);
    expect(await run(bench.activities.readResults, read)).toMatchObject({
      rows: [],
      remaining: 0,
      jobs: { ready: '' },
    });
  });

  test('are small enough for history, whatever is in them', async () => {
    const { bench, batch, read } = await start();
    const rows = Array.from({ length: 1_000 }, (_, index) => row(`dfl-${index}`, null, '漢🦙'.repeat(1_000)));
    setRows(bench, batch.id, rows);
    const page = await run(bench.activities.readResults, { ...read, pageSize: 1_000 });
    expect(page.rows).toHaveLength(1_000);
    expect(page.rows[0]?.error?.isWellFormed()).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(2_000_000);
  });
});

describe('pages of results', () => {
  const ids = (page: { rows: readonly { fileId: string }[] }) => page.rows.map(({ fileId }) => fileId);

  test('follow each other to the end', async () => {
    const { bench, read, a, b, c } = await start();
    const first = await run(bench.activities.readResults, { ...read, pageSize: 2 });
    expect(first).toMatchObject({ remaining: 1, next: { afterFileId: b, count: 2 } });
    expect(ids(first)).toEqual([a, b]);
    const second = await run(bench.activities.readResults, { ...read, pageSize: 2, ...cursorOf(first) });
    expect(second.next).toBeUndefined();
    expect(ids(second)).toEqual([c]);
  });

  test('end where the results do, without an empty page after them', async () => {
    const { bench, read } = await start();
    expect((await run(bench.activities.readResults, { ...read, pageSize: 3 })).next).toBeUndefined();
  });

  test('miss and repeat nothing when rows before the cursor come or go', async () => {
    const { bench, batch, read, a, b, c } = await start();
    const first = await run(bench.activities.readResults, { ...read, pageSize: 2 });
    setRows(bench, batch.id, [row('dfl-new', 'pjb-0'), row(a, 'pjb-1'), row(b, 'pjb-2'), row(c, 'pjb-3')]);
    const grown = await run(bench.activities.readResults, { ...read, ...cursorOf(first) });
    expect(ids(grown)).toEqual([c]);
    expect(grown.remaining).toBe(0);
    setRows(bench, batch.id, [row(b, 'pjb-2'), row(c, 'pjb-3')]);
    expect(ids(await run(bench.activities.readResults, { ...read, ...cursorOf(first) }))).toEqual([c]);
  });

  test('go on by the count where the file of the cursor is gone', async () => {
    const { bench, batch, read, a, c } = await start();
    const first = await run(bench.activities.readResults, { ...read, pageSize: 2 });
    setRows(bench, batch.id, [row(a, 'pjb-1'), row('dfl-other', 'pjb-2'), row(c, 'pjb-3')]);
    expect(ids(await run(bench.activities.readResults, { ...read, ...cursorOf(first) }))).toEqual([c]);
  });

  test('end where the results have shrunk below the cursor', async () => {
    const { bench, batch, read, a } = await start();
    const first = await run(bench.activities.readResults, { ...read, pageSize: 2 });
    setRows(bench, batch.id, [row(a, 'pjb-1')]);
    const second = await run(bench.activities.readResults, { ...read, ...cursorOf(first) });
    expect(second).toMatchObject({ rows: [], remaining: 0 });
    expect(second.next).toBeUndefined();
  });

  function cursorOf({ next }: { next?: { afterFileId: string; count: number } }) {
    if (next === undefined) throw new Error('there is no next page');
    return { cursor: next };
  }
});

describe('the names of the files', () => {
  test('come from all pages of the list', async () => {
    const { bench, read } = await start({ maxPageSize: 1 });
    expect((await run(bench.activities.readResults, read)).rows.map(({ name }) => name)).toEqual([
      'a.md',
      'b.md',
      'c.md',
    ]);
  });

  const FAULTS = [
    { kind: 'status', status: 401 },
    { kind: 'status', status: 404 },
    { kind: 'status', status: 500 },
    { kind: 'reset-before' },
    { kind: 'html' },
    { kind: 'wrong-json' },
  ] as const;

  test.each(FAULTS.slice(2))('are tried again for half a minute when the fault may pass: %j', async (fault) => {
    const { bench, read } = await start();
    bench.emulator.faults.next({ ...fault, path: FILES });
    expect((await failing(bench.activities.readResults, read, { ageMs: 29_000 })).nonRetryable).toBe(false);
    expect((await run(bench.activities.readResults, read, { ageMs: 29_500 })).rows[0]?.name).toBe('a.md');
  });

  test.each(FAULTS)('are left out, and nothing else, when their list goes on failing: %j', async (fault) => {
    const { bench, batch, read, a, b, c } = await start();
    bench.emulator.faults.next({ ...fault, path: FILES });
    const page = await run(bench.activities.readResults, read, { ageMs: 30_000 });
    expect(page.rows.map(({ fileId, name }) => [fileId, name])).toEqual([a, b, c].map((id) => [id, undefined]));
    expect(page.rows.every(({ job }) => job !== undefined)).toBe(true);
    expect(batch.requests().filter(({ path }) => FILES.test(path))).toHaveLength(1);
  });

  test('are waited for no longer than 10 s', async () => {
    const { bench, read } = await start();
    bench.emulator.faults.next({ kind: 'delay', delayMs: 60_000, path: FILES });
    // `fetch` and the emulator have timers of their own.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const reading = run(bench.activities.readResults, read);
    await until(() => bench.emulator.requests.some(({ path }) => FILES.test(path)));
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await reading).rows).toHaveLength(3);
  });

  test('do not keep a cancelled activity', async () => {
    const { bench, read } = await start();
    bench.emulator.faults.next({ kind: 'delay', delayMs: 60_000, path: FILES });
    const context = environment();
    const reading = runIn(context, bench.activities.readResults, read);
    await until(() => bench.emulator.requests.some(({ path }) => FILES.test(path)));
    context.cancel();
    await expect(reading).rejects.toThrow(CancelledFailure);
  });

  test('are not asked for while the results are waited for', async () => {
    const { bench, batch, read } = await start();
    setRows(bench, batch.id, null);
    await failing(bench.activities.readResults, read);
    expect(batch.requests()).toHaveLength(1);
  });
});
