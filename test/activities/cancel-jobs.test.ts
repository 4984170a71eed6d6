import { describe, expect, test } from 'vitest';
import { addBatch, type Bench, failing, run, setBench } from './support.js';

const CANCEL = /\/parse\/[^/]+\/cancel$/;

/** A batch of three jobs, the first of which has ended. */
async function start() {
  const bench = await setBench({ emulator: { jobRunningMs: 3_600_000 } });
  const batch = await addBatch(bench);
  bench.emulator.batches.finish(batch.id);
  const jobs = bench.emulator.jobs.list();
  bench.emulator.jobs.setStatus(jobs[0]?.id ?? '', 'COMPLETED');
  return { bench, batch, cancels: () => batch.requests().filter(({ path }) => CANCEL.test(path)) };
}

const statuses = ({ emulator }: Bench) => emulator.jobs.list().map(({ status }) => status);

describe('the jobs of a batch that can not be cancelled itself any more', () => {
  test('are cancelled where they have not ended', async () => {
    const { bench, batch, cancels } = await start();
    expect(await run(bench.activities.cancelJobs, { batchId: batch.id })).toBe(2);
    expect(statuses(bench)).toEqual(['COMPLETED', 'CANCELLED', 'CANCELLED']);
    expect(cancels()).toHaveLength(2);
  });

  test('are all asked to stop where nobody says which have ended, and one that has is no error', async () => {
    const { bench, batch, cancels } = await start();
    bench.emulator.faults.next({ kind: 'status', status: 422, path: '/api/v2/parse' });
    expect(await run(bench.activities.cancelJobs, { batchId: batch.id })).toBe(2);
    expect(cancels()).toHaveLength(3);
  });

  test('are asked again when a request fails', async () => {
    const { bench, batch } = await start();
    bench.emulator.faults.next({ kind: 'status', status: 503, path: CANCEL });
    expect(await failing(bench.activities.cancelJobs, { batchId: batch.id })).toMatchObject({ nonRetryable: false });
    await run(bench.activities.cancelJobs, { batchId: batch.id }, { number: 2 });
    expect(statuses(bench)).toEqual(['COMPLETED', 'CANCELLED', 'CANCELLED']);
  });
});
