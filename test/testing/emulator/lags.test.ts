import { describe, expect, it } from 'vitest';
import type { LlamaCloudEmulator } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import { call, createBatch, startEmulator } from './helpers.js';

const FILES = [
  { name: 'a.md', content: 'a' },
  { name: 'b.md', content: 'b' },
];
const HOUR_MS = 60 * 60 * 1000;

async function listed(emulator: LlamaCloudEmulator, path: string): Promise<string[]> {
  return (await call(emulator, path)).body.items.map(({ id }) => id);
}

describe('with listLagMs', () => {
  it('a batch is missing in the list for that long, and found by its id at once', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator({ listLagMs: 500 });
    const { id } = await emulator.addDirectory(FILES);
    const old = await createBatch(emulator, id);
    advance(500);
    const recent = await createBatch(emulator, id);
    advance(499);
    expect(await listed(emulator, '/api/v2/batches')).toEqual([old]);
    expect(await listed(emulator, `/api/v2/batches?source_directory_id=${id}&status=COMPLETED`)).toEqual([old]);
    expect(await call(emulator, `/api/v2/batches/${recent}`)).toMatchObject({ status: 200, body: { id: recent } });
    advance(1);
    expect(await listed(emulator, '/api/v2/batches')).toEqual([recent, old]);
  });

  it('of Infinity a batch is missing in the list until the option is changed', async () => {
    const emulator = await startEmulator({ listLagMs: Number.POSITIVE_INFINITY });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    expect(await listed(emulator, '/api/v2/batches')).toEqual([]);
    emulator.configure({ listLagMs: 0 });
    expect(await listed(emulator, '/api/v2/batches')).toEqual([batchId]);
  });
});

describe('with jobListLagMs', () => {
  it.each([
    ['parse', 'parse_v2'],
    ['extract', 'extract_v2'],
  ] as const)('a %s job is missing in the list for that long, and found by its id at once', async (path, type) => {
    const advance = freezeClock();
    const emulator = await startEmulator({ jobListLagMs: 500 });
    const { id } = await emulator.addDirectory(FILES);
    await createBatch(emulator, id, type);
    const [first = '', second = ''] = emulator.jobs.list().map((job) => job.id);
    advance(499);
    expect(await listed(emulator, `/api/v2/${path}`)).toEqual([]);
    expect(await listed(emulator, `/api/v2/${path}?job_ids=${first}`)).toEqual([]);
    expect((await call(emulator, `/api/v2/${path}/${first}`)).status).toBe(200);
    advance(1);
    expect(await listed(emulator, `/api/v2/${path}`)).toEqual([second, first]);
  });
});

describe('with readLagMs', () => {
  it('GET by id answers 404 for that long, for batches and jobs', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator({ readLagMs: 500 });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const paths = [`/api/v2/batches/${batchId}`, `/api/v2/parse/${emulator.jobs.list()[0]?.id}`];
    advance(499);
    for (const path of paths) expect((await call(emulator, path)).status).toBe(404);
    expect(await listed(emulator, '/api/v2/batches')).toEqual([batchId]);
    advance(1);
    for (const path of paths) expect((await call(emulator, path)).status).toBe(200);
  });
});

describe("LlamaCloud's clock", () => {
  it.each([-2, 2])('may be %d hours ahead, in every time that it sends', async (hours) => {
    const now = Date.UTC(2026, 0, 1);
    freezeClock(now);
    const emulator = await startEmulator({ clockOffsetMs: hours * HOUR_MS });
    const { id } = await emulator.addDirectory(FILES);
    await createBatch(emulator, id);
    await createBatch(emulator, id, 'extract_v2');
    const [batchId] = emulator.batches.list().map((batch) => batch.id);
    const time = new Date(now + hours * HOUR_MS).toISOString();
    const expected = { created_at: time, updated_at: time };
    const get = async (path: string) => (await call(emulator, path)).body;
    expect(await get(`/api/v2/batches/${batchId}`)).toMatchObject(expected);
    for (const path of ['/api/v2/batches', '/api/v2/parse', '/api/v2/extract']) {
      expect(await get(path)).toMatchObject({ items: [expected, expected] });
    }
    const [parseJob, , extractJob] = emulator.jobs.list();
    expect(await get(`/api/v2/parse/${parseJob?.id}`)).toMatchObject({ job: expected });
    expect(await get(`/api/v2/extract/${extractJob?.id}`)).toMatchObject(expected);
    expect(await get(`/api/v1/beta/directories/${id}`)).toMatchObject(expected);
    expect(await get(`/api/v1/beta/directories/${id}/files`)).toMatchObject({ items: [expected, expected] });
    expect(emulator.batches.list()[0]?.createdAtMs).toBe(now);
  });

  it('applies to the filters by time', async () => {
    const now = Date.UTC(2026, 0, 1);
    freezeClock(now);
    const emulator = await startEmulator({ clockOffsetMs: -2 * HOUR_MS });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const [theirs, ours] = [now - 2 * HOUR_MS, now].map((ms) => encodeURIComponent(new Date(ms).toISOString()));
    expect(await listed(emulator, `/api/v2/batches?created_at_on_or_after=${ours}`)).toEqual([]);
    expect(await listed(emulator, `/api/v2/batches?created_at_on_or_after=${theirs}`)).toEqual([batchId]);
    expect(await listed(emulator, `/api/v2/batches?created_at_on_or_before=${theirs}`)).toEqual([batchId]);
    expect(await listed(emulator, `/api/v2/parse?created_at_on_or_after=${ours}`)).toEqual([]);
    expect(await listed(emulator, `/api/v2/parse?created_at_on_or_after=${theirs}`)).toHaveLength(2);
  });
});

describe('configure', () => {
  it('refuses a value out of range by its name, and changes nothing', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    expect(() => emulator.configure({ listLagMs: Number.POSITIVE_INFINITY, lateRowsShare: 2 })).toThrow(
      'lateRowsShare must be between 0 and 1',
    );
    expect(await listed(emulator, '/api/v2/batches')).toEqual([batchId]);
  });

  it.each([
    ['batchPendingMs', { batchPendingMs: Number.POSITIVE_INFINITY }],
    ['clockOffsetMs', { clockOffsetMs: Number.NaN }],
    ['readLagMs', { readLagMs: -1 }],
    ['downloadFaultRate', { downloadFaultRate: 1.1 }],
  ])('and the start refuse a wrong %s', async (name, options) => {
    await expect(startEmulator(options)).rejects.toThrow(name);
  });
});
