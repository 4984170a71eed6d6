import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailureCategory } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { DirectoryStore } from '../../../src/outputs/index.js';
import { MAX_RETRY_AFTER_MS, type ManifestLine, MIN_DELAY_MS } from '../../../src/protocol/index.js';
import type { Fault } from '../../../src/testing/emulator/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import {
  type Attempt,
  addBatch,
  delayOf,
  failing,
  failureOf,
  pollThrough,
  run,
  startActivityEnvironment,
  toPollInput,
} from '../support.js';

describe('Retry-After', () => {
  const asked = async (status: number, retryAfter: string) =>
    delayOf((await pollThrough({ kind: 'status', status, headers: { 'retry-after': retryAfter } })).failure);

  test('in seconds is respected', async () => {
    expect(await asked(429, '7')).toBe(7_000);
    expect(await asked(503, '11')).toBe(11_000);
  });

  test('as a date is respected', async () => {
    freezeClock();
    const delay = await asked(429, new Date(Date.now() + 30_000).toUTCString());
    // The header has whole seconds.
    expect(delay).toBeGreaterThan(29_000);
    expect(delay).toBeLessThanOrEqual(30_000);
  });

  test('that is absurd counts as five minutes', async () => {
    expect(await asked(429, '86400')).toBe(MAX_RETRY_AFTER_MS);
    expect(await asked(503, '99999999999999999999')).toBe(MAX_RETRY_AFTER_MS);
    expect(await asked(429, 'Fri, 31 Dec 9999 23:59:59 GMT')).toBe(MAX_RETRY_AFTER_MS);
  });

  test('that is none, past or negative counts as a second', async () => {
    expect(await asked(429, '0')).toBe(MIN_DELAY_MS);
    expect(await asked(429, '-5')).toBe(MIN_DELAY_MS);
    expect(await asked(503, 'Wed, 21 Oct 2015 07:28:00 GMT')).toBe(MIN_DELAY_MS);
  });

  test('that says nothing leaves the delay to us', async () => {
    const delay = await asked(429, 'soon');
    expect(delay).toBeGreaterThanOrEqual(5_000);
    expect(delay).toBeLessThanOrEqual(10_000);
  });
});

describe('the deadline of the activity', () => {
  const unavailable = (retryAfter: number): Fault => ({ kind: 'status', status: 503, retryAfter });

  test('is not passed by a delay: there is one more poll before it', async () => {
    const { failure } = await pollThrough(unavailable(200), { ageMs: 50_000, deadlineMs: 60_000 });
    expect(delayOf(failure)).toBeLessThanOrEqual(9_000);
    expect(delayOf(failure)).toBeGreaterThan(4_000);
  });

  test('counts the time that the attempt itself took', async () => {
    const env = await startActivityEnvironment({ timeoutMs: 300 });
    env.emulator.faults.next({ kind: 'delay', delayMs: 60_000 });
    const failure = await failing(env.activities.waitForBatch, toPollInput('bat-1'), {
      ageMs: 57_200,
      deadlineMs: 60_000,
    });
    expect(delayOf(failure)).toBeLessThanOrEqual(1_500);
  });

  test('binds the waiting as well', async () => {
    const env = await startActivityEnvironment();
    const batch = await addBatch(env);
    env.emulator.batches.setStatus(batch.id, 'RUNNING');
    const attempt = { ageMs: 590_000, deadlineMs: 600_000 };
    const failure = await failing(env.activities.waitForBatch, toPollInput(batch.id, 'RUNNING', 590_000), attempt);
    expect(delayOf(failure)).toBeLessThanOrEqual(9_000);
  });

  test.each([59_500, 60_000, 70_000])(
    'never makes a delay shorter than a second, after %i ms of 60 s',
    async (ageMs) => {
      expect(delayOf((await pollThrough(unavailable(200), { ageMs, deadlineMs: 60_000 })).failure)).toBe(MIN_DELAY_MS);
    },
  );
});

describe('cancelling', () => {
  const cancelThrough = async (status: number, attempt: Attempt = {}) => {
    const { activities, emulator } = await startActivityEnvironment();
    emulator.faults.next({ kind: 'status', status });
    return failing(activities.cancelBatch, { batchId: 'bat-1' }, attempt);
  };

  test.each([401, 402, 403, 500])('is tried again after %i', async (status) => {
    expect((await cancelThrough(status)).nonRetryable).toBe(false);
  });

  test('is tried again for a minute while a batch that has just been made is not to be found', async () => {
    const heartbeatDetails = { failingSinceMs: { NotFound: Date.now() - 61_000 } };
    expect(await cancelThrough(404)).toMatchObject({ type: 'NotFound', nonRetryable: false });
    expect(await cancelThrough(404, { heartbeatDetails })).toMatchObject({ type: 'NotFound', nonRetryable: true });
  });

  test.each([400, 409, 422])('ends when the poll of the batch is answered with %i', async (status) => {
    const { type, nonRetryable } = await cancelThrough(status);
    expect({ type, nonRetryable }).toEqual({ type: 'RequestRejected', nonRetryable: true });
  });
});

describe('an output store that fails', () => {
  const LINE: ManifestLine = {
    fileId: 'dfl-1',
    name: null,
    jobId: null,
    jobType: null,
    status: 'SKIPPED',
    output: null,
    bytes: null,
    sha256: null,
    credits: null,
    error: null,
  };

  test('is tried again as OutputFailed, and says where and what to do', async () => {
    const { output } = await startActivityEnvironment();
    // Root may write where it is forbidden; below a file nobody can.
    await writeFile(join(output, 'file'), '');
    const { activities } = await startActivityEnvironment({ outputs: new DirectoryStore(join(output, 'file', 'out')) });
    const write = {
      batchId: 'bat-1',
      firstRunId: 'run-1',
      isPartial: false,
      documentCount: 0,
      storeId: 'any',
      lines: [LINE],
      part: 0,
      isLast: true,
    };
    const failure = await failureOf(run(activities.writeManifest, write));
    expect(failure).toMatchObject({ type: 'OutputFailed', nonRetryable: false });
    expect(failure.category).not.toBe(ApplicationFailureCategory.BENIGN);
    expect(failure.message).toMatch(/^manifest of batch bat-1: Could not .*: ENOTDIR/);
    expect(failure.message).toMatch(
      /Check that the output folder \(LLAMACLOUD_OUTPUT\) can be written to, has room, and is the same for all workers\.$/,
    );
    expect(failure.cause).toMatchObject({ name: 'OutputError' });
    expect(delayOf(failure)).toBeLessThanOrEqual(2_000);
  });
});
