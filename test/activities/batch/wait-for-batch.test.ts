import { ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_POLL } from '../../../src/protocol/index.js';
import {
  addBatch,
  createContext,
  delayOf,
  failing,
  run,
  runIn,
  startActivityEnvironment,
  toPollInput,
  until,
} from '../support.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('a poll of a batch', () => {
  test.each(['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'A_NEW_ONE'])(
    'returns a change to %s',
    async (status) => {
      const env = await startActivityEnvironment();
      const batch = await addBatch(env);
      env.emulator.batches.setStatus(batch.id, status);
      expect(await run(env.activities.waitForBatch, toPollInput(batch.id, 'THROTTLED'))).toBe(status);
      expect(await run(env.activities.waitForBatch, toPollInput(batch.id, null))).toBe(status);
      expect(batch.requests().map(({ method, path }) => `${method} ${path}`)).toEqual(
        Array(2).fill(`GET /api/v2/batches/${batch.id}`),
      );
    },
  );

  test.each(['COMPLETED', 'FAILED', 'CANCELLED'])('returns %s, although it is the last status seen', async (status) => {
    const env = await startActivityEnvironment();
    const batch = await addBatch(env);
    env.emulator.batches.setStatus(batch.id, status);
    expect(await run(env.activities.waitForBatch, toPollInput(batch.id, status))).toBe(status);
  });

  test.each(['PENDING', 'THROTTLED', 'RUNNING', 'A_NEW_ONE'])(
    'waits while it is %s, and reads as waiting',
    async (status) => {
      const env = await startActivityEnvironment();
      const batch = await addBatch(env);
      env.emulator.batches.setStatus(batch.id, status);
      const poll = { initialInterval: 30_000, latencyRatio: 0, maximumInterval: 60_000 };
      const failure = await failing(env.activities.waitForBatch, { ...toPollInput(batch.id, status), poll });
      expect(failure).toMatchObject({ type: 'BatchNotReady', nonRetryable: false });
      expect(failure.category).toBe(ApplicationFailureCategory.BENIGN);
      const seconds = Math.round(delayOf(failure) / 1_000);
      expect(seconds).toBeGreaterThanOrEqual(28);
      expect(failure.message).toBe(`batch ${batch.id} is ${status}, next poll in ${seconds} s`);
      expect(failure.cause).toBeUndefined();
    },
  );

  test('gets rarer the longer the wait, also after a change of status and on another worker', async () => {
    const env = await startActivityEnvironment();
    const batch = await addBatch(env);
    env.emulator.batches.setStatus(batch.id, 'RUNNING');
    const delays = [];
    for (const waitedMs of [0, 100_000, 10_000_000]) {
      delays.push(delayOf(await failing(env.activities.waitForBatch, toPollInput(batch.id, 'RUNNING', waitedMs))));
    }
    expect(delays[0]).toBe(1_000);
    expect(delays[1]).toBeGreaterThanOrEqual(9_900);
    expect(delays[1]).toBeLessThanOrEqual(10_100);
    expect(delays[2]).toBe(60_000);
  });

  test('waits until it is due after the previous one', async () => {
    const env = await startActivityEnvironment();
    const batch = await addBatch(env);
    env.emulator.batches.setStatus(batch.id, 'THROTTLED');
    const polled = { ...toPollInput(batch.id, 'RUNNING', 100_000), lastPolledAtMs: Date.now() - 2_000 };
    const failure = await failing(env.activities.waitForBatch, polled);
    expect(failure).toMatchObject({ type: 'BatchNotReady', nonRetryable: false });
    expect(delayOf(failure)).toBeGreaterThan(5_000);
    expect(delayOf(failure)).toBeLessThan(8_100);
    expect(batch.requests()).toHaveLength(0);
    expect(await run(env.activities.waitForBatch, polled, { number: 2, ageMs: 8_000 })).toBe('THROTTLED');
  });

  test('with a status of 3,000 characters gives one that a search attribute takes', async () => {
    const env = await startActivityEnvironment();
    const batch = await addBatch(env);
    env.emulator.batches.setStatus(batch.id, `\ud800${'é'.repeat(3_000)}`);
    const status = await run(env.activities.waitForBatch, toPollInput(batch.id));
    expect(status.isWellFormed()).toBe(true);
    expect(Buffer.byteLength(status)).toBeLessThan(255);
    const again = await failing(env.activities.waitForBatch, toPollInput(batch.id, status));
    expect(again.type).toBe('BatchNotReady');
  });

  test('is retried on 404 for a minute, which any other response resets', async () => {
    const env = await startActivityEnvironment();
    const batch = await addBatch(env);
    env.emulator.faults.next({ kind: 'status', status: 404, times: 3 });
    const lasting = (ms: number) => ({
      ageMs: 500_000,
      number: 9,
      heartbeatDetails: { failingSinceMs: { NotFound: Date.now() - ms } },
    });
    for (const attempt of [{ ageMs: 70_000, number: 5 }, lasting(50_000)]) {
      expect(await failing(env.activities.waitForBatch, toPollInput(batch.id), attempt)).toMatchObject({
        type: 'NotFound',
        nonRetryable: false,
      });
    }
    const failure = await failing(env.activities.waitForBatch, toPollInput(batch.id), lasting(61_000));
    expect(failure).toMatchObject({ type: 'NotFound', nonRetryable: true });
    expect(failure.message).toContain(batch.id);
  });

  test('is sent for the project and the organization of the run', async () => {
    const env = await startActivityEnvironment();
    const batch = await addBatch(env);
    await run(env.activities.waitForBatch, { ...toPollInput(batch.id), projectId: 'prj-1', organizationId: 'org-1' });
    expect(batch.requests()).toMatchObject([{ query: { project_id: ['prj-1'], organization_id: ['org-1'] } }]);
  });
});

describe('while a request hangs', () => {
  test('a cancelled activity ends as cancelled at once', async () => {
    const env = await startActivityEnvironment();
    const batch = await addBatch(env);
    const results = {
      batchId: batch.id,
      directoryId: 'dir-1',
      firstRunId: 'run-1',
      storeId: (await run(env.activities.openBatch, { batchId: batch.id })).storeId,
      parts: 0,
      skipStored: null,
      pageSize: 1,
      graceMs: 0,
      sinceMs: Date.now(),
      poll: DEFAULT_POLL,
    };
    const job = { fileId: 'dfl-1', jobId: 'pjb-1', type: 'parse_v2', batchId: batch.id } as const;
    const { waitForBatch, readResults, collectJob, cancelBatch, cancelJobs, openBatch } = env.activities;
    const runs: (() => Promise<unknown>)[] = [
      () => waitForBatch(toPollInput(batch.id)),
      () => readResults(results),
      () => collectJob(job),
      () => cancelBatch({ batchId: batch.id }),
      () => openBatch({ batchId: batch.id }),
      () => cancelJobs({ batchId: batch.id, directoryId: 'dir-1', knownJobs: [], resultsWaitMs: 0, unmappedWaitMs: 0 }),
    ];
    env.emulator.faults.next({ kind: 'delay', delayMs: 3_600_000, times: runs.length });
    for (const activity of runs) {
      const before = batch.requests().length;
      const context = createContext();
      const running = runIn(context, activity, undefined);
      await until(() => batch.requests().length > before);
      context.cancel();
      await expect(running).rejects.toThrow(CancelledFailure);
    }
  });

  test('the activity heartbeats every 5 s with its progress, and stops when it has ended', async () => {
    const env = await startActivityEnvironment();
    const batch = await addBatch(env);
    env.emulator.faults.next({ kind: 'delay', delayMs: 60_000 });
    const memory = { failingSinceMs: { NotAuthorized: Date.now() - 60_000 } };
    const context = createContext({ number: 2, heartbeatDetails: memory });
    const beats: unknown[] = [];
    context.on('heartbeat', (details: unknown) => beats.push(details));
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const running = runIn(context, env.activities.waitForBatch, toPollInput(batch.id));
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
    const env = await startActivityEnvironment({
      emulator: { batchPendingMs: 60_000, batchCancelMs: 60_000, ...emulator },
    });
    const batch = await addBatch(env);
    const cancel = { batchId: batch.id };
    const methods = () => batch.requests().map(({ method, status }) => `${method} ${status}`);
    return { env, batch, cancel, methods };
  };

  test('sends the cancel, waits until the batch has stopped, and returns its terminal status', async () => {
    const { env, batch, cancel, methods } = await start();
    const failure = await failing(env.activities.cancelBatch, cancel);
    expect(failure).toMatchObject({ type: 'BatchNotReady', nonRetryable: false });
    expect(failure.category).toBe(ApplicationFailureCategory.BENIGN);
    expect(failure.message).toBe(`batch ${batch.id} is PENDING and being cancelled, next poll in 1 s`);
    await failing(env.activities.cancelBatch, cancel, { number: 2 });
    env.emulator.batches.setStatus(batch.id, 'CANCELLED');
    expect(await run(env.activities.cancelBatch, cancel, { number: 3 })).toBe('CANCELLED');
    expect(methods()).toEqual(['GET 200', 'POST 200', 'GET 200', 'POST 200', 'GET 200']);
  });

  test.each(['COMPLETED', 'FAILED', 'CANCELLED'])('that is %s already asks for nothing', async (status) => {
    const { env, batch, cancel, methods } = await start();
    env.emulator.batches.setStatus(batch.id, status);
    expect(await run(env.activities.cancelBatch, cancel)).toBe(status);
    expect(methods()).toEqual(['GET 200']);
  });

  test.each([400, 409, 422])('that ends between the poll and the request (%i) is no error', async (status) => {
    const { env, batch, cancel } = await start();
    env.emulator.faults.next({ kind: 'status', status, method: 'POST' });
    expect((await failing(env.activities.cancelBatch, cancel)).type).toBe('BatchNotReady');
    env.emulator.batches.setStatus(batch.id, 'COMPLETED');
    expect(await run(env.activities.cancelBatch, cancel, { number: 2 })).toBe('COMPLETED');
  });

  test('is sent although the batch cannot be read', async () => {
    const { env, batch, cancel } = await start({ batchCancelMs: 0 });
    env.emulator.faults.next({ kind: 'status', status: 500, method: 'GET' });
    expect(await failing(env.activities.cancelBatch, cancel)).toMatchObject({ type: 'ServiceUnavailable' });
    expect(env.emulator.batches.list()).toMatchObject([{ id: batch.id, status: 'CANCELLED' }]);
  });

  test('that gets an invalid body is polled like any other', async () => {
    const { env, cancel } = await start({ batchCancelMs: 0 });
    env.emulator.faults.next({ kind: 'empty', method: 'POST' });
    expect((await failing(env.activities.cancelBatch, cancel)).type).toBe('BatchNotReady');
    expect(await run(env.activities.cancelBatch, cancel, { number: 2 })).toBe('CANCELLED');
  });

  test('is sent again with the next poll where its response was lost', async () => {
    const { env, batch, cancel } = await start({ batchCancelMs: 0 });
    env.emulator.faults.next({ kind: 'reset-after', method: 'POST' });
    expect(await failing(env.activities.cancelBatch, cancel)).toMatchObject({
      type: 'ServiceUnavailable',
      nonRetryable: false,
    });
    expect(await run(env.activities.cancelBatch, cancel, { number: 2 })).toBe('CANCELLED');
    expect(env.emulator.batches.list()).toMatchObject([{ id: batch.id, status: 'CANCELLED' }]);
  });
});
