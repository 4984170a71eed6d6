import { ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_POLL } from '../../src/protocol/index.js';
import { addBatch, delayOf, environment, failing, look, run, runIn, setBench, until } from './support.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('a look at a batch', () => {
  test.each(['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'A_NEW_ONE'])(
    'returns a change to %s',
    async (status) => {
      const bench = await setBench();
      const batch = await addBatch(bench);
      bench.emulator.batches.setStatus(batch.id, status);
      expect(await run(bench.activities.watchBatch, look(batch.id, 'THROTTLED'))).toBe(status);
      expect(await run(bench.activities.watchBatch, look(batch.id, null))).toBe(status);
      expect(batch.requests().map(({ method, path }) => `${method} ${path}`)).toEqual(
        Array(2).fill(`GET /api/v2/batches/${batch.id}`),
      );
    },
  );

  test.each(['COMPLETED', 'FAILED', 'CANCELLED'])('returns %s, although it is the last seen one', async (status) => {
    const bench = await setBench();
    const batch = await addBatch(bench);
    bench.emulator.batches.setStatus(batch.id, status);
    expect(await run(bench.activities.watchBatch, look(batch.id, status))).toBe(status);
  });

  test.each(['PENDING', 'THROTTLED', 'RUNNING', 'A_NEW_ONE'])(
    'waits while it is %s, and reads as waiting',
    async (status) => {
      const bench = await setBench();
      const batch = await addBatch(bench);
      bench.emulator.batches.setStatus(batch.id, status);
      const poll = { initialMs: 30_000, coefficient: 1, maximumMs: 60_000 };
      const failure = await failing(bench.activities.watchBatch, { ...look(batch.id, status), poll });
      expect(failure).toMatchObject({ type: 'BatchNotReady', nonRetryable: false });
      expect(failure.category).toBe(ApplicationFailureCategory.BENIGN);
      const seconds = Math.round(delayOf(failure) / 1_000);
      expect(seconds).toBeGreaterThanOrEqual(28);
      expect(failure.message).toBe(`batch ${batch.id} is ${status}, next look in ${seconds} s`);
      expect(failure.cause).toBeUndefined();
    },
  );

  test('comes the more seldom the longer the wait, a change of status or a worker notwithstanding', async () => {
    const bench = await setBench();
    const batch = await addBatch(bench);
    bench.emulator.batches.setStatus(batch.id, 'RUNNING');
    const delays = [];
    for (const waitedMs of [0, 100_000, 10_000_000]) {
      delays.push(delayOf(await failing(bench.activities.watchBatch, look(batch.id, 'RUNNING', waitedMs))));
    }
    expect(delays[0]).toBe(1_000);
    expect(delays[1]).toBeGreaterThanOrEqual(9_900);
    expect(delays[1]).toBeLessThanOrEqual(10_100);
    expect(delays[2]).toBe(60_000);
  });

  test('is made in the project and the organization of the run', async () => {
    const bench = await setBench();
    const batch = await addBatch(bench);
    await run(bench.activities.watchBatch, { ...look(batch.id), projectId: 'prj-1', organizationId: 'org-1' });
    expect(batch.requests()).toMatchObject([{ query: { project_id: ['prj-1'], organization_id: ['org-1'] } }]);
  });
});

describe('while a request hangs', () => {
  test('a cancelled activity ends as cancelled at once', async () => {
    const bench = await setBench();
    const batch = await addBatch(bench);
    const results = { ...look(batch.id), directoryId: 'dir-1', status: 'COMPLETED', pageSize: 1, graceMs: 0 };
    const job = { fileId: 'dfl-1', jobId: 'pjb-1', type: 'parse_v2', batchId: batch.id } as const;
    const { watchBatch, readResults, collectJob, cancelBatch, openBatch } = bench.activities;
    const input = { directoryId: 'dir-1', job: { type: 'parse_v2', configurationId: 'cfg-1' } } as const;
    const runs: (() => Promise<unknown>)[] = [
      () => watchBatch(look(batch.id)),
      () => readResults(results),
      () => collectJob(job),
      () => cancelBatch({ batchId: batch.id, poll: DEFAULT_POLL }),
      () => openBatch(input),
    ];
    bench.emulator.faults.next({ kind: 'delay', delayMs: 60_000, times: runs.length });
    for (const activity of runs) {
      const before = batch.requests().length;
      const context = environment();
      const running = runIn(context, activity, undefined);
      await until(() => batch.requests().length > before);
      const cancelledAt = performance.now();
      context.cancel();
      await expect(running).rejects.toThrow(CancelledFailure);
      expect(performance.now() - cancelledAt).toBeLessThan(1_000);
    }
  });

  test('the activity beats every 5 s with what it remembers, and no more once it has ended', async () => {
    const bench = await setBench();
    const batch = await addBatch(bench);
    bench.emulator.faults.next({ kind: 'delay', delayMs: 60_000 });
    const memory = { unauthorizedSinceMs: Date.now() - 60_000 };
    const context = environment({ number: 2, heartbeatDetails: memory });
    const beats: unknown[] = [];
    context.on('heartbeat', (details: unknown) => beats.push(details));
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const running = runIn(context, bench.activities.watchBatch, look(batch.id));
    await until(() => batch.requests().length > 0);
    vi.advanceTimersByTime(20_000);
    expect(beats).toEqual(Array(4).fill(memory));
    context.cancel();
    await expect(running).rejects.toThrow(CancelledFailure);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('cancelling a batch', () => {
  const start = async (emulator = {}) => {
    const bench = await setBench({ emulator: { batchPendingMs: 60_000, batchCancelMs: 60_000, ...emulator } });
    const batch = await addBatch(bench);
    const cancel = { batchId: batch.id, poll: DEFAULT_POLL };
    const methods = () => batch.requests().map(({ method, status }) => `${method} ${status}`);
    return { bench, batch, cancel, methods };
  };

  test('asks for it, waits till it has stopped, and returns what it stopped with', async () => {
    const { bench, batch, cancel, methods } = await start();
    const failure = await failing(bench.activities.cancelBatch, cancel);
    expect(failure).toMatchObject({ type: 'BatchNotReady', nonRetryable: false });
    expect(failure.category).toBe(ApplicationFailureCategory.BENIGN);
    expect(failure.message).toBe(`batch ${batch.id} is PENDING and being cancelled, next look in 1 s`);
    await failing(bench.activities.cancelBatch, cancel, { number: 2 });
    bench.emulator.batches.setStatus(batch.id, 'CANCELLED');
    expect(await run(bench.activities.cancelBatch, cancel, { number: 3 })).toBe('CANCELLED');
    expect(methods()).toEqual(['GET 200', 'POST 200', 'GET 200', 'POST 200', 'GET 200']);
  });

  test.each(['COMPLETED', 'FAILED', 'CANCELLED'])('that is %s already asks for nothing', async (status) => {
    const { bench, batch, cancel, methods } = await start();
    bench.emulator.batches.setStatus(batch.id, status);
    expect(await run(bench.activities.cancelBatch, cancel)).toBe(status);
    expect(methods()).toEqual(['GET 200']);
  });

  test.each([400, 409, 422])('that ends between the look and the request (%i) is no error', async (status) => {
    const { bench, batch, cancel } = await start();
    bench.emulator.faults.next({ kind: 'status', status, method: 'POST' });
    expect((await failing(bench.activities.cancelBatch, cancel)).type).toBe('BatchNotReady');
    bench.emulator.batches.setStatus(batch.id, 'COMPLETED');
    expect(await run(bench.activities.cancelBatch, cancel, { number: 2 })).toBe('COMPLETED');
  });

  test('whose answer is lost is made up for by the next look', async () => {
    const { bench, batch, cancel } = await start({ batchCancelMs: 0 });
    bench.emulator.faults.next({ kind: 'reset-after', method: 'POST' });
    expect(await failing(bench.activities.cancelBatch, cancel)).toMatchObject({
      type: 'ServiceUnavailable',
      nonRetryable: false,
    });
    expect(await run(bench.activities.cancelBatch, cancel, { number: 2 })).toBe('CANCELLED');
    expect(bench.emulator.batches.list()).toMatchObject([{ id: batch.id, status: 'CANCELLED' }]);
  });
});
