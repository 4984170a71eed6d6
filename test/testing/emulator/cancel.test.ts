import { describe, expect, it } from 'vitest';
import { allEnded, call, createBatch, eventually, holdClock, startEmulator } from './helpers.js';

const FILES = ['a', 'b', 'c', 'd'].map((name) => ({ name: `${name}.md`, content: `# ${name}` }));

describe('cancelling a batch', () => {
  it('answers at once while it runs, and is done a little later', async () => {
    const advance = holdClock();
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

  it('leaves the results of the files that had finished, cancels the jobs under way, maps no more files', async () => {
    const advance = holdClock();
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

  it('is refused with 409 when it has ended', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory(FILES);
    const batchId = await createBatch(emulator, id);
    const { status, body } = await call(emulator, `/api/v2/batches/${batchId}/cancel`, { method: 'POST' });
    expect([status, body.detail]).toEqual([409, `batch ${batchId} is COMPLETED and can't be cancelled`]);
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
    await allEnded(emulator, batchId);
    expect(emulator.jobs.list()[0]?.status).toBe('CANCELLED');
  });
});
