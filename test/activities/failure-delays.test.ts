import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailureCategory } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { HttpStatusError } from '../../src/llamacloud/index.js';
import { DirectoryStore, OutputError } from '../../src/outputs/index.js';
import { LONGEST_RETRY_AFTER_MS, type ManifestLine, SHORTEST_DELAY_MS } from '../../src/protocol/index.js';
import type { Fault } from '../../src/testing/emulator/index.js';
import {
  type Attempt,
  addBatch,
  delayOf,
  environment,
  failing,
  failureOf,
  look,
  run,
  runIn,
  setBench,
} from './support.js';

async function lookThrough(fault: Fault, attempt: Attempt = {}) {
  const bench = await setBench();
  const batch = await addBatch(bench);
  bench.emulator.faults.next(fault);
  return failing(bench.activities.watchBatch, look(batch.id), attempt);
}

describe('Retry-After', () => {
  const asked = async (status: number, retryAfter: string) =>
    delayOf(await lookThrough({ kind: 'status', status, headers: { 'retry-after': retryAfter } }));

  test('in seconds is respected', async () => {
    expect(await asked(429, '7')).toBe(7_000);
    expect(await asked(503, '11')).toBe(11_000);
  });

  test('as a date is respected', async () => {
    const delay = await asked(429, new Date(Date.now() + 30_000).toUTCString());
    expect(delay).toBeGreaterThan(27_000);
    expect(delay).toBeLessThanOrEqual(30_000);
  });

  test('that is absurd counts as five minutes', async () => {
    expect(await asked(429, '86400')).toBe(LONGEST_RETRY_AFTER_MS);
    expect(await asked(503, '99999999999999999999')).toBe(LONGEST_RETRY_AFTER_MS);
    expect(await asked(429, 'Fri, 31 Dec 9999 23:59:59 GMT')).toBe(LONGEST_RETRY_AFTER_MS);
  });

  test('that is none, past or negative counts as a second', async () => {
    expect(await asked(429, '0')).toBe(SHORTEST_DELAY_MS);
    expect(await asked(429, '-5')).toBe(SHORTEST_DELAY_MS);
    expect(await asked(503, 'Wed, 21 Oct 2015 07:28:00 GMT')).toBe(SHORTEST_DELAY_MS);
  });

  test('that says nothing leaves the delay to us', async () => {
    const delay = await asked(429, 'soon');
    expect(delay).toBeGreaterThanOrEqual(5_000);
    expect(delay).toBeLessThanOrEqual(10_000);
  });
});

describe('the deadline of the activity', () => {
  const unavailable = (retryAfter: number): Fault => ({ kind: 'status', status: 503, retryAfter });

  test('is not passed by a delay: there is one more look before it', async () => {
    const failure = await lookThrough(unavailable(200), { ageMs: 50_000, deadlineMs: 60_000 });
    expect(delayOf(failure)).toBeLessThanOrEqual(9_000);
    expect(delayOf(failure)).toBeGreaterThan(8_000);
  });

  test('counts the time that the attempt itself took', async () => {
    const bench = await setBench({ timeoutMs: 300 });
    bench.emulator.faults.next({ kind: 'delay', delayMs: 60_000 });
    const failure = await failing(bench.activities.watchBatch, look('bat-1'), { ageMs: 57_200, deadlineMs: 60_000 });
    expect(delayOf(failure)).toBeLessThanOrEqual(1_500);
  });

  test('binds the waiting as well', async () => {
    const bench = await setBench();
    const batch = await addBatch(bench);
    bench.emulator.batches.setStatus(batch.id, 'RUNNING');
    const attempt = { ageMs: 590_000, deadlineMs: 600_000 };
    const failure = await failing(bench.activities.watchBatch, look(batch.id, 'RUNNING', 590_000), attempt);
    expect(delayOf(failure)).toBeLessThanOrEqual(9_000);
  });

  test.each([59_500, 60_000, 70_000])(
    'never makes a delay shorter than a second, after %i ms of 60 s',
    async (ageMs) => {
      expect(delayOf(await lookThrough(unavailable(200), { ageMs, deadlineMs: 60_000 }))).toBe(SHORTEST_DELAY_MS);
    },
  );
});

describe('a key that is rejected at a read', () => {
  const rejected: Fault = { kind: 'status', status: 401 };
  const since = (ms: number) => ({
    number: 5,
    ageMs: 7_200_000,
    heartbeatDetails: { unauthorizedSinceMs: Date.now() - ms },
  });

  test('is tried for 15 minutes after it was first rejected, however old the wait is', async () => {
    expect((await lookThrough(rejected, { number: 5, ageMs: 7_200_000 })).nonRetryable).toBe(false);
    expect((await lookThrough(rejected, since(15 * 60_000 - 10_000))).nonRetryable).toBe(false);
    const ended = await lookThrough(rejected, since(15 * 60_000 + 1));
    expect(ended).toMatchObject({ type: 'NotAuthorized', nonRetryable: true });
    expect(ended.message).toMatch(/Check LLAMA_CLOUD_API_KEY/);
  });

  test('leaves for the next attempt since when', async () => {
    expect(await beats(rejected, {})).toEqual({ unauthorizedSinceMs: expect.closeTo(Date.now(), -4) });
    const before = since(60_000);
    expect(await beats(rejected, before)).toEqual(before.heartbeatDetails);
  });

  test('starts anew once the key has been accepted', async () => {
    expect(await beats({ kind: 'status', status: 404 }, since(60_000))).toEqual({});
    expect(await beats({ kind: 'delay', delayMs: 0 }, since(60_000))).toEqual({});
  });

  test('goes on through an outage, which says nothing of the key', async () => {
    const before = since(60_000);
    expect(await beats({ kind: 'status', status: 503 }, before)).toEqual(before.heartbeatDetails);
  });

  test('is not confused by what somebody else left', async () => {
    for (const heartbeatDetails of ['text', null, 7, { unauthorizedSinceMs: 'long ago' }]) {
      expect((await lookThrough(rejected, { number: 2, heartbeatDetails })).nonRetryable).toBe(false);
    }
  });

  /** What the last heartbeat of an attempt holds. */
  async function beats(fault: Fault, attempt: Attempt): Promise<unknown> {
    const bench = await setBench();
    const batch = await addBatch(bench);
    bench.emulator.batches.setStatus(batch.id, 'RUNNING');
    bench.emulator.faults.next(fault);
    const context = environment(attempt);
    let last: unknown;
    context.on('heartbeat', (details: unknown) => {
      last = details;
    });
    await failureOf(runIn(context, bench.activities.watchBatch, look(batch.id)));
    return last;
  }
});

describe('cancelling', () => {
  const POLL = { initialMs: 1_000, coefficient: 1.1, maximumMs: 60_000 };
  const cancelThrough = async (status: number, attempt: Attempt = {}) => {
    const { activities, emulator } = await setBench();
    emulator.faults.next({ kind: 'status', status });
    return failing(activities.cancelBatch, { batchId: 'bat-1', poll: POLL }, attempt);
  };

  test.each([401, 402, 403, 500])('is tried again after %i', async (status) => {
    expect((await cancelThrough(status)).nonRetryable).toBe(false);
  });

  test('is tried again for a minute while a batch that has just been made is not to be found', async () => {
    expect(await cancelThrough(404)).toMatchObject({ type: 'NotFound', nonRetryable: false });
    expect(await cancelThrough(404, { ageMs: 61_000 })).toMatchObject({ type: 'NotFound', nonRetryable: true });
  });

  test.each([400, 409, 422])('ends when the look at the batch is answered with %i', async (status) => {
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
    const { output } = await setBench();
    // Root may write where it is forbidden; below a file nobody can.
    await writeFile(join(output, 'file'), '');
    const { activities } = await setBench({ outputs: new DirectoryStore(join(output, 'file', 'out')) });
    const write = { batchId: 'bat-1', lines: [LINE], part: 0, last: true };
    const failure = await failureOf(run(activities.writeManifest, write));
    expect(failure).toMatchObject({ type: 'OutputFailed', nonRetryable: false });
    expect(failure.category).not.toBe(ApplicationFailureCategory.BENIGN);
    expect(failure.message).toMatch(/^manifest of batch bat-1: Could not write .*manifest\.jsonl: ENOTDIR/);
    expect(failure.message).toMatch(/Check that LLAMACLOUD_OUTPUT can be written to and has room\.$/);
    expect(failure.cause).toBeInstanceOf(OutputError);
    expect(delayOf(failure)).toBeLessThanOrEqual(2_000);
  });
});

test('the cause of a failure holds what LlamaCloud said', async () => {
  const failure = await lookThrough({
    kind: 'status',
    status: 422,
    detail: [{ loc: ['query', 'x'], msg: 'is wrong' }],
  });
  expect(failure.cause).toBeInstanceOf(HttpStatusError);
  expect(failure.cause).toMatchObject({ status: 422, detail: 'query.x: is wrong' });
});
