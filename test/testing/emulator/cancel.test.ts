import { describe, expect, it, onTestFinished } from 'vitest';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import { call, createBatch, createRequest, eventually, startEmulator, waitForJobs } from './helpers.js';

const FILES = ['a', 'b', 'c', 'd'].map((name) => ({ name: `${name}.md`, content: `# ${name}` }));

describe('cancelling a batch', () => {
  it('is answered at once while it runs; it is CANCELLED after batchCancelMs', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator({ batchRunningMs: 1000, batchCancelMs: 300 });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const cancel = () => call(emulator, `/api/v2/batches/${batchId}/cancel`, { method: 'POST' });
    const status = async () => (await call(emulator, `/api/v2/batches/${batchId}`)).body.status;
    advance(900);
    expect(await cancel()).toMatchObject({ status: 200, body: { id: batchId, status: 'RUNNING' } });
    advance(200);
    expect(await status()).toBe('RUNNING');
    expect(await cancel()).toMatchObject({ status: 200 });
    advance(100);
    expect(await status()).toBe('CANCELLED');
  });

  it('keeps the results of finished files, cancels the running jobs, and maps no more files', async () => {
    const advance = freezeClock();
    const clocks = { batchRunningMs: 400, batchCancelMs: 10, jobRunningMs: 150 };
    const emulator = await startEmulator(clocks);
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const [first] = emulator.jobs.list();
    emulator.jobs.finish(first?.id ?? '');
    await eventually(() => emulator.jobs.list()[0]?.status).toBe('COMPLETED');
    advance(220);
    await call(emulator, `/api/v2/batches/${batchId}/cancel`, { method: 'POST' });
    advance(10_000);
    const { body } = await call(emulator, `/api/v2/batches/${batchId}?expand=results`);
    expect(body.status).toBe('CANCELLED');
    expect(body.results).toMatchObject([
      { job_reference: { id: first?.id }, error_message: null },
      { job_reference: { type: 'parse_v2' }, error_message: null },
      { job_reference: { type: 'parse_v2' }, error_message: null },
      { job_reference: null, error_message: expect.stringContaining('cancelled') },
    ]);
    const statuses = emulator.jobs.list().map((job) => job.status);
    expect([statuses[0], statuses[2], statuses[3]]).toEqual(['COMPLETED', 'CANCELLED', null]);
    expect((await call(emulator, '/api/v2/parse')).body.items).toHaveLength(3);
  });

  it('may be accepted and never take effect', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => warnings.push(name);
    process.on('warning', onWarning);
    onTestFinished(() => {
      process.off('warning', onWarning);
    });
    const advance = freezeClock();
    const emulator = await startEmulator({ batchRunningMs: 1000, batchCancelMs: Number.POSITIVE_INFINITY });
    const { id } = await emulator.addDirectory(FILES);
    // Webhooks use timers, which must not be set to Infinity.
    const webhook_configurations = [{ webhook_url: 'http://127.0.0.1:9/', webhook_events: ['batch.cancelled'] }];
    const body = { ...createRequest(id), webhook_configurations };
    const created = await call(emulator, '/api/v2/batches', { method: 'POST', body });
    const path = `/api/v2/batches/${created.body.id}`;
    expect((await call(emulator, `${path}/cancel`, { method: 'POST' })).status).toBe(200);
    advance(1e12);
    expect((await call(emulator, path)).body.status).toBe('RUNNING');
    expect((await call(emulator, `${path}/cancel`, { method: 'POST' })).status).toBe(200);
    expect(warnings).toEqual([]);
  });

  it('is refused with 409 when it has ended', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const { status, body } = await call(emulator, `/api/v2/batches/${batchId}/cancel`, { method: 'POST' });
    expect([status, body.detail]).toEqual([409, `batch ${batchId} is COMPLETED and can't be cancelled`]);
  });
});

describe('with jobsContinueAfterCancel, the jobs of a batch', () => {
  it.each(['COMPLETED', 'CANCELLED'] as const)('run after %s until each is cancelled by its own id', async (ended) => {
    const advance = freezeClock();
    const emulator = await startEmulator({
      batchRunningMs: 1000,
      batchCancelMs: 300,
      jobRunningMs: Number.POSITIVE_INFINITY,
      jobsContinueAfterCancel: true,
    });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const status = async () => (await call(emulator, `/api/v2/batches/${batchId}`)).body.status;
    advance(900);
    if (ended === 'CANCELLED') await call(emulator, `/api/v2/batches/${batchId}/cancel`, { method: 'POST' });
    advance(299);
    expect(await status()).toBe(ended === 'CANCELLED' ? 'RUNNING' : 'COMPLETED');
    advance(1e12);
    expect(await status()).toBe(ended);
    const running = emulator.jobs.running();
    expect(running.map((job) => [job.batchId, job.status])).toEqual(Array(4).fill([batchId, 'RUNNING']));
    for (const [index, job] of running.entries()) {
      expect((await call(emulator, `/api/v2/parse/${job.id}/cancel`, { method: 'POST' })).status).toBe(200);
      expect(emulator.jobs.running()).toHaveLength(3 - index);
    }
  });

  it('end with a document after the batch was cancelled', async () => {
    const emulator = await startEmulator({ jobsContinueAfterCancel: true });
    // So many that most documents wait to be parsed when the batch is cancelled.
    const files = Array.from({ length: 500 }, (_, index) => ({ name: `${index}.md`, content: 'x'.repeat(2_000) }));
    const { id } = await emulator.addDirectory(files);
    const batchId = await createBatch(emulator, id);
    emulator.batches.setStatus(batchId, 'CANCELLED');
    await waitForJobs(emulator, batchId);
    expect(new Set(emulator.jobs.list().map((job) => job.status))).toEqual(new Set(['COMPLETED']));
    expect(emulator.batches.list()[0]?.status).toBe('CANCELLED');
  });

  it('are in running() only from when their file is mapped until they end', async () => {
    const advance = freezeClock();
    const emulator = await startEmulator({ batchRunningMs: 400, jobRunningMs: 60_000 });
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    expect(emulator.jobs.running()).toHaveLength(1);
    advance(400);
    expect(emulator.jobs.running()).toHaveLength(4);
    emulator.batches.finishJobs(batchId);
    await eventually(() => emulator.jobs.running().length).toBe(0);
  });
});

describe('the planned faults', () => {
  it('refuse the next cancels of jobs with 429 or 503, and the jobs go on', async () => {
    const emulator = await startEmulator({ jobRunningMs: Number.POSITIVE_INFINITY });
    const { id } = await emulator.addDirectory(FILES.slice(0, 1));
    await createBatch(emulator, id);
    const job = emulator.jobs.list()[0]?.id;
    emulator.faults.next({ kind: 'status', status: 429, times: 2, ...TARGETS.cancelJob });
    emulator.faults.next({ kind: 'status', status: 503, ...TARGETS.cancelJob });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) {
      expect(emulator.jobs.running()).toHaveLength(1);
      statuses.push((await call(emulator, `/api/v2/parse/${job}/cancel`, { method: 'POST' })).status);
    }
    expect(statuses).toEqual([429, 429, 503, 200]);
    expect(emulator.jobs.running()).toEqual([]);
  });

  it('answer the next GETs by id with 404, and no list', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    emulator.faults.next({ kind: 'status', status: 404, times: 2, ...TARGETS.getBatch });
    emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.getJob });
    expect((await call(emulator, '/api/v2/batches')).status).toBe(200);
    expect((await call(emulator, '/api/v2/parse')).status).toBe(200);
    const get = async (path: string) => (await call(emulator, path)).status;
    const batch = `/api/v2/batches/${batchId}?expand=results`;
    expect([await get(batch), await get(batch), await get(batch)]).toEqual([404, 404, 200]);
    const job = `/api/v2/parse/${emulator.jobs.list()[0]?.id}`;
    expect([await get(job), await get(job)]).toEqual([404, 200]);
  });
});

describe.each([
  ['parse', 'parse_v2'],
  ['extract', 'extract_v2'],
] as const)('cancelling a %s job', (path, type) => {
  it('cancels it at once, and is refused with 409 when it has ended', async () => {
    const emulator = await startEmulator({ jobRunningMs: 60_000 });
    const { id } = await emulator.addDirectory(FILES.slice(0, 1));
    const batchId = await createBatch(emulator, id, type);
    const job = emulator.jobs.list()[0]?.id;
    const cancelled = await call(emulator, `/api/v2/${path}/${job}/cancel`, { method: 'POST' });
    expect(cancelled).toMatchObject({ status: 200, body: { id: job, status: 'CANCELLED' } });
    expect(await call(emulator, `/api/v2/${path}/${job}/cancel`, { method: 'POST' })).toMatchObject({ status: 409 });
    await waitForJobs(emulator, batchId);
    expect(emulator.jobs.list()[0]?.status).toBe('CANCELLED');
  });
});
