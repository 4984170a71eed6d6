import { describe, expect, it, vi } from 'vitest';
import type { LlamaCloudEmulator } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import { call, createBatch, startEmulator, WAIT_OPTIONS, waitForJobs } from './helpers.js';

const FILES = ['a', 'b', 'c', 'd'].map((name) => ({ name: `${name}.md`, content: `# ${name}` }));
const CLOCKS = { batchPendingMs: 100, batchRunningMs: 400, jobPendingMs: 50, jobRunningMs: 150 };

async function statusOf(emulator: LlamaCloudEmulator, batchId: string): Promise<string> {
  return (await call(emulator, `/api/v2/batches/${batchId}`)).body.status;
}

describe('a batch', () => {
  it('is PENDING, RUNNING and COMPLETED after the configured durations', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator(CLOCKS);
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    advance(99);
    expect(await statusOf(emulator, batchId)).toBe('PENDING');
    advance(1);
    expect(await statusOf(emulator, batchId)).toBe('RUNNING');
    advance(399);
    expect(await statusOf(emulator, batchId)).toBe('RUNNING');
    advance(1);
    expect(await statusOf(emulator, batchId)).toBe('COMPLETED');
  });

  it('is THROTTLED between PENDING and RUNNING with batchThrottledMs', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator({ ...CLOCKS, batchThrottledMs: 300 });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    advance(100);
    expect(await statusOf(emulator, batchId)).toBe('THROTTLED');
    advance(300);
    expect(await statusOf(emulator, batchId)).toBe('RUNNING');
  });

  it('has null results while it runs, and for resultsNullMs after COMPLETED', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator({ ...CLOCKS, resultsNullMs: 1000 });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const results = async () => (await call(emulator, `/api/v2/batches/${batchId}?expand=results`)).body.results;
    advance(300);
    expect(await results()).toBeNull();
    advance(1199);
    expect(await statusOf(emulator, batchId)).toBe('COMPLETED');
    expect(await results()).toBeNull();
    advance(1);
    expect(await results()).toHaveLength(4);
  });
});

describe('the jobs of a batch', () => {
  it('appear one after the other while it runs, and are unknown before', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator(CLOCKS);
    const { id } = await emulator.addDirectory(FILES);
    await createBatch(emulator, id);
    const listed = async () => (await call(emulator, '/api/v2/parse')).body.items.length;
    const last = emulator.jobs.list().at(-1);
    expect(await listed()).toBe(0);
    expect(await call(emulator, `/api/v2/parse/${last?.id}`)).toMatchObject({ status: 404 });
    advance(100);
    expect(await listed()).toBe(1);
    advance(200);
    expect(await listed()).toBe(3);
    advance(100);
    expect(await listed()).toBe(4);
    expect((await call(emulator, `/api/v2/parse/${last?.id}`)).body.job.status).toBe('PENDING');
  });

  it('have their own durations and may end after the batch', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator({ ...CLOCKS, jobRunningMs: 60_000 });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    advance(500);
    expect(await statusOf(emulator, batchId)).toBe('COMPLETED');
    expect(emulator.jobs.list().map(({ status }) => status)).toEqual(['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING']);
    advance(60_000);
    await waitForJobs(emulator, batchId);
    expect(emulator.jobs.list().map(({ status }) => status)).toEqual(Array(4).fill('COMPLETED'));
  });

  it('end spread over jobSpreadMs, the same under the same seed', async () => {
    const advance = freezeClock();
    const files = Array.from({ length: 42 }, (_, index) => ({ name: `${index}.md`, content: 'x' }));
    const durations: number[][] = [];
    for (let run = 0; run < 2; run += 1) {
      const emulator = await startEmulator({ ...CLOCKS, batchRunningMs: 0, jobSpreadMs: 10_000, seed: 7 });
      const { id } = await emulator.addDirectory(files);
      await createBatch(emulator, id);
      advance(100);
      // Two documents are parsed at a time, in order: when the last two are parsed, all are.
      const lastTwo = emulator.jobs.list().slice(-2);
      for (const job of lastTwo) emulator.jobs.finish(job.id);
      await vi.waitFor(() => {
        expect(emulator.jobs.list().slice(-2)).toMatchObject([{ status: 'COMPLETED' }, { status: 'COMPLETED' }]);
      }, WAIT_OPTIONS);
      advance(100_000);
      const { body } = await call(emulator, '/api/v2/parse?page_size=100');
      const spread = body.items.slice(2).map((job) => Date.parse(job.updated_at) - Date.parse(job.created_at));
      durations.push(spread);
    }
    expect(durations[1]).toEqual(durations[0]);
    expect(new Set(durations[0]).size).toBeGreaterThan(30);
    expect(Math.min(...(durations[0] ?? []))).toBeGreaterThanOrEqual(200);
    expect(Math.max(...(durations[0] ?? []))).toBeLessThanOrEqual(10_200);
  });

  it('have null credits for creditsNullMs after their end', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator({ creditsNullMs: 5000, creditsPerPage: 7 });
    const { id } = await emulator.addDirectory(FILES.slice(0, 1));
    const batchId = await createBatch(emulator, id);
    await waitForJobs(emulator, batchId);
    const job = emulator.jobs.list()[0]?.id;
    const usage = async () => (await call(emulator, `/api/v2/parse/${job}?expand=usage`)).body.job.usage;
    expect(await usage()).toEqual({ credits: null });
    advance(5000);
    expect(await usage()).toEqual({ credits: 7 });
    expect((await call(emulator, `/api/v2/parse/${job}`)).body.job.usage).toBeNull();
  });

  it('end without a request for them', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    await waitForJobs(emulator, batchId);
    expect(emulator.requests.map(({ method }) => method)).toEqual(['POST']);
  });
});

describe('10,000 jobs', () => {
  it('are listed about as fast as 100', async () => {
    const few = await startWithJobs(1, 100);
    const many = await startWithJobs(10, 1_000);
    for (let round = 0; round < 10; round += 1) for (const jobs of [few, many]) await jobs.measureLists();
    // The fastest of ten rounds, so that a busy machine makes no difference.
    expect(Math.min(...many.timesMs)).toBeLessThan(4 * Math.min(...few.timesMs));
  });

  async function startWithJobs(batches: number, filesPerBatch: number) {
    const emulator = await startEmulator();
    const files = Array.from({ length: filesPerBatch }, (_, index) => ({ name: `${index}.md`, content: '# File' }));
    for (let batch = 0; batch < batches; batch += 1) {
      const { id } = await emulator.addDirectory(files);
      await createBatch(emulator, id);
    }
    const ids = emulator.jobs.list().map(({ id }) => id);
    expect(ids).toHaveLength(batches * filesPerBatch);
    const query = ids.slice(0, 100).map((id) => `job_ids=${id}`);
    const timesMs: number[] = [];
    /** Lists 100 jobs by their ids, and the newest 100. */
    const measureLists = async () => {
      const startMs = performance.now();
      const { body } = await call(emulator, `/api/v2/parse?page_size=100&${query.join('&')}`);
      await call(emulator, '/api/v2/parse?page_size=100');
      timesMs.push(performance.now() - startMs);
      expect(body.items).toHaveLength(100);
    };
    return { measureLists, timesMs };
  }
});

describe('the same seed', () => {
  it('results in the same ids', async () => {
    const ids: string[][] = [];
    for (const emulator of [await startEmulator({ seed: 42 }), await startEmulator({ seed: 42 })]) {
      const directory = await emulator.addDirectory(FILES);
      const batchId = await createBatch(emulator, directory.id);
      ids.push([emulator.apiKey, directory.id, batchId, ...emulator.jobs.list().map(({ id }) => id)]);
    }
    expect(ids[1]).toEqual(ids[0]);
    const other = await startEmulator({ seed: 43 });
    expect((await other.addDirectory(FILES)).id).not.toBe(ids[0]?.[1]);
  });
});

describe('options', () => {
  it.each([
    ['batchPendingMs', { batchPendingMs: -1 }],
    ['jobRunningMs', { jobRunningMs: Number.NaN }],
    ['faultRate', { faultRate: 2 }],
    ['defaultPageSize', { defaultPageSize: 0 }],
  ])('that are out of range are refused by name: %s', async (name, options) => {
    await expect(startEmulator(options)).rejects.toThrow(name);
  });
});
