import type { Client } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { BATCH_ID_MEMO, type BatchRequest, type JobType, WORK_MEMO, workOf } from '../../src/protocol/index.js';
import type { Fault } from '../../src/testing/emulator/index.js';
import {
  type Attempt,
  addDirectory,
  type Bench,
  delayOf,
  environment,
  failing,
  run,
  runIn,
  setBench,
  until,
} from './support.js';

const POST = { method: 'POST', path: '/api/v2/batches' };
const LIST = { method: 'GET', path: '/api/v2/batches' };

/** A run that has been opened over a new directory. */
async function opened(bench: Bench, job: { type: JobType; configurationId: string } = PARSE, directoryId?: string) {
  const id = directoryId ?? (await addDirectory(bench)).id;
  const { request, known } = await run(bench.activities.openBatch, { directoryId: id, job });
  if (known === undefined) throw new Error('nothing would be created');
  return { request, known };
}

const PARSE = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;

function batches({ emulator }: Bench) {
  return emulator.batches.list();
}

function requestsSince({ emulator }: Bench, start: number): string[] {
  return emulator.requests.slice(start).map(({ method }) => method);
}

async function* none() {}

/** Somebody else's batch. */
function make({ llamacloud }: Bench, directoryId: string, job: BatchRequest['job'] = PARSE) {
  return llamacloud.createBatch({ sourceDirectoryId: directoryId, job });
}

describe('one batch for one run', () => {
  test('the first attempt posts, and lists nothing', async () => {
    const bench = await setBench();
    const input = await opened(bench);
    const start = bench.emulator.requests.length;
    const created = await run(bench.activities.createBatch, input);
    expect(requestsSince(bench, start)).toEqual(['POST']);
    expect(batches(bench)).toMatchObject([{ id: created.batchId, directoryId: input.request.directoryId }]);
    expect(created.status).toBe('COMPLETED');
  });

  const WITH_EFFECT = [
    { kind: 'reset-after' },
    { kind: 'error-after' },
    { kind: 'truncated' },
    { kind: 'wrong-json' },
  ] as const;

  test.each(WITH_EFFECT)('a batch whose answer was lost is adopted: %j', async (fault) => {
    const bench = await setBench();
    const input = await opened(bench);
    bench.emulator.faults.next({ ...fault, ...POST });
    expect((await failing(bench.activities.createBatch, input)).nonRetryable).toBe(false);
    const created = await run(bench.activities.createBatch, input, { number: 2 });
    expect(batches(bench).map(({ id }) => id)).toEqual([created.batchId]);
  });

  const WITHOUT_EFFECT: Fault[] = [{ kind: 'reset-before' }, { kind: 'status', status: 503 }, { kind: 'html' }];

  test.each(WITHOUT_EFFECT)('a post that had no effect is made again: %j', async (fault) => {
    const bench = await setBench();
    const input = await opened(bench);
    bench.emulator.faults.next({ ...fault, ...POST });
    expect((await failing(bench.activities.createBatch, input)).nonRetryable).toBe(false);
    const created = await run(bench.activities.createBatch, input, { number: 2 });
    expect(batches(bench).map(({ id }) => id)).toEqual([created.batchId]);
  });

  test('a batch that was there before is not adopted', async () => {
    const bench = await setBench();
    const { id: directoryId } = await addDirectory(bench);
    const before = await make(bench, directoryId);
    const input = await opened(bench, PARSE, directoryId);
    const created = await run(bench.activities.createBatch, input, { number: 2 });
    expect(created.batchId).not.toBe(before.id);
    expect(batches(bench)).toHaveLength(2);
  });

  test('a batch of another configuration or type is not adopted', async () => {
    const bench = await setBench();
    const input = await opened(bench);
    const { directoryId } = input.request;
    const saved = 'cfg-11111111-1111-4111-8111-111111111111';
    await make(bench, directoryId, { type: 'parse_v2', configurationId: 'cfg-PARSE_FAST' });
    const parsed = await make(bench, directoryId, { type: 'parse_v2', configurationId: saved });
    const others = batches(bench).map(({ id }) => id);
    const created = await run(bench.activities.createBatch, input, { number: 2 });
    expect(others).not.toContain(created.batchId);

    const extract = {
      ...input,
      request: { ...input.request, job: { type: 'extract_v2', configurationId: saved } as const },
    };
    const extracted = await run(bench.activities.createBatch, extract, { number: 2 });
    expect(extracted.batchId).not.toBe(parsed.id);
    expect(batches(bench)).toHaveLength(4);
  });

  test('a batch over another directory is not adopted', async () => {
    const bench = await setBench();
    const input = await opened(bench);
    const other = await make(bench, (await addDirectory(bench)).id);
    const created = await run(bench.activities.createBatch, input, { number: 2 });
    expect(created.batchId).not.toBe(other.id);
    expect(batches(bench)).toHaveLength(2);
  });

  test('of several that it could be, and no other run’s, the oldest is adopted, from whatever page', async () => {
    const bench = await setBench({ emulator: { defaultPageSize: 1 } });
    const input = await opened(bench);
    const oldest = await make(bench, input.request.directoryId);
    await make(bench, input.request.directoryId);
    await make(bench, input.request.directoryId);
    expect((await run(bench.activities.createBatch, input, { number: 2 })).batchId).toBe(oldest.id);
    expect(batches(bench)).toHaveLength(3);
  });

  test('a rejection after a lost answer does not leave the batch behind', async () => {
    const bench = await setBench();
    const input = await opened(bench);
    const lost = await make(bench, input.request.directoryId);
    // The list lags: the look before the post finds nothing, the one after it does.
    let looks = 0;
    const list = bench.llamacloud.iterateBatches.bind(bench.llamacloud);
    bench.llamacloud.iterateBatches = (params) => (looks++ === 0 ? none() : list(params));
    bench.emulator.faults.next({ kind: 'status', status: 402, ...POST });
    expect((await run(bench.activities.createBatch, input, { number: 2 })).batchId).toBe(lost.id);
  });

  test('a run that is stopped finds the batch that it made without knowing, and makes none', async () => {
    const bench = await setBench();
    const input = await opened(bench);
    const early = await failing(bench.activities.findBatch, input);
    expect(early).toMatchObject({ type: 'BatchNotReady', category: 'BENIGN' });
    expect(await run(bench.activities.findBatch, input, { ageMs: 15_000 })).toBeNull();
    const lost = await make(bench, input.request.directoryId);
    expect(await run(bench.activities.findBatch, input)).toMatchObject({ batchId: lost.id });
    expect(batches(bench)).toHaveLength(1);
  });
});

describe('runs at the same work', () => {
  /** What Temporal lists: this run, which is called `test`, and another that started this much later. */
  function listing(request: BatchRequest, laterMs: number, batchId?: string): Client {
    const now = Date.now();
    const memo = { [WORK_MEMO]: workOf(request), ...(batchId === undefined ? {} : { [BATCH_ID_MEMO]: batchId }) };
    const status = { name: 'RUNNING' };
    const runs = [
      { workflowId: 'other', startTime: new Date(now + laterMs), status, memo },
      { workflowId: 'test', startTime: new Date(now), status, memo: { [WORK_MEMO]: workOf(request) } },
    ];
    return {
      withAbortSignal: (_: AbortSignal, work: () => Promise<unknown>) => work(),
      workflow: {
        list: async function* () {
          yield* runs;
        },
      },
    } as unknown as Client;
  }

  test('a batch that another run has published is not taken for a lost one', async () => {
    const bench = await setBench();
    const input = await opened(bench);
    const theirs = await make(bench, input.request.directoryId);
    const client = listing(input.request, 1_000, theirs.id);
    const created = await run(bench.activities.createBatch, input, { number: 2, client });
    expect(created.batchId).not.toBe(theirs.id);
    expect(batches(bench)).toHaveLength(2);
  });

  test.each([
    ['that started first', 1_000, 60_000],
    ['whose turn it is not', -1_000, 300_000],
  ])(
    'while there is a batch that nobody has published, a run %s posts nothing and waits',
    async (_, laterMs, ageMs) => {
      const bench = await setBench();
      const input = await opened(bench);
      await make(bench, input.request.directoryId);
      const client = listing(input.request, laterMs, undefined);
      const failure = await failing(bench.activities.createBatch, input, { number: 2, ageMs, client });
      expect(failure).toMatchObject({ type: 'BatchNotReady', category: 'BENIGN' });
      expect(batches(bench)).toHaveLength(1);
    },
  );

  test.each([
    ['first', 1_000, 0],
    ['second', -1_000, 1],
  ])(
    'of two that nobody has published, the run that started %s takes the one of its turn',
    async (_, laterMs, turn) => {
      const bench = await setBench();
      const input = await opened(bench);
      const made = [await make(bench, input.request.directoryId), await make(bench, input.request.directoryId)];
      const client = listing(input.request, laterMs, undefined);
      const created = await run(bench.activities.createBatch, input, { number: 2, ageMs: 300_000, client });
      expect(created.batchId).toBe(made[turn]?.id);
    },
  );
});

describe('while the list of batches can not be read', () => {
  const NO_LIST = [
    [{ kind: 'status', status: 500 }, 'ServiceUnavailable'],
    [{ kind: 'reset-before' }, 'ServiceUnavailable'],
    [{ kind: 'truncated' }, 'ServiceUnavailable'],
    [{ kind: 'html' }, 'UnexpectedResponse'],
    // Listing is a read: a batch that was paid for may be out there, so these do not end here as they do at the post.
    [{ kind: 'status', status: 401 }, 'NotAuthorized'],
    [{ kind: 'status', status: 402 }, 'OutOfCredits'],
  ] as const;

  test.each(NO_LIST)('nothing is posted, and it is tried again: %j', async (fault, type) => {
    const bench = await setBench();
    const input = await opened(bench);
    bench.emulator.faults.next({ kind: 'reset-after', ...POST });
    await failing(bench.activities.createBatch, input);
    bench.emulator.faults.next({ ...fault, ...LIST });
    const failure = await failing(bench.activities.createBatch, input, { number: 2 });
    expect(failure).toMatchObject({ type, nonRetryable: false });
    await run(bench.activities.createBatch, input, { number: 3 });
    expect(batches(bench)).toHaveLength(1);
  });
});

describe('a create that LlamaCloud answers with', () => {
  const createThrough = async (fault: Fault, attempt: Attempt = {}) => {
    const bench = await setBench();
    const input = await opened(bench);
    bench.emulator.faults.next({ ...fault, ...POST });
    const failure = await failing(bench.activities.createBatch, input, attempt);
    expect(failure.message).toContain(`batch over directory ${input.request.directoryId}: LlamaCloud answered`);
    return failure;
  };

  const ENDS = [
    [400, 'RequestRejected', /Check the ids and the configuration/],
    [401, 'NotAuthorized', /Check LLAMA_CLOUD_API_KEY/],
    [402, 'OutOfCredits', /Add credits to the LlamaCloud organization/],
    [403, 'NotAuthorized', /Check LLAMA_CLOUD_API_KEY/],
    [404, 'NotFound', /Check the id/],
    [409, 'RequestRejected', /Check the ids/],
    [422, 'RequestRejected', /Check the ids/],
  ] as const;

  test.each(ENDS)('%i ends as %s, and says what to do', async (status, type, advice) => {
    const failure = await createThrough({ kind: 'status', status });
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(failure.message).toMatch(advice);
  });

  const RETRIED = [
    [425, 'ServiceUnavailable', 1_900, 2_000],
    [429, 'RateLimited', 5_000, 10_000],
    // May take effect yet, so the look for it is not at once.
    [408, 'ServiceUnavailable', 15_000, 15_000],
    [500, 'ServiceUnavailable', 15_000, 15_000],
    [502, 'ServiceUnavailable', 15_000, 15_000],
    [503, 'ServiceUnavailable', 15_000, 15_000],
    [504, 'ServiceUnavailable', 15_000, 15_000],
  ] as const;

  test.each(RETRIED)('%i is tried again as %s', async (status, type, least, most) => {
    const failure = await createThrough({ kind: 'status', status });
    expect(failure).toMatchObject({ type, nonRetryable: false });
    expect(delayOf(failure)).toBeGreaterThanOrEqual(least);
    expect(delayOf(failure)).toBeLessThanOrEqual(most);
  });
});

test('a post that got no answer in time may take effect yet: it is not looked for at once', async () => {
  const bench = await setBench({ timeoutMs: 100 });
  const input = await opened(bench);
  bench.emulator.faults.next({ kind: 'delay', delayMs: 60_000, ...POST });
  const failure = await failing(bench.activities.createBatch, input);
  expect(failure.type).toBe('ServiceUnavailable');
  expect(delayOf(failure)).toBe(15_000);
});

describe('a create that is cancelled', () => {
  test('in the middle of the post still learns the id', async () => {
    const bench = await setBench();
    const input = await opened(bench);
    bench.emulator.faults.next({ kind: 'delay', delayMs: 50, ...POST });
    const created = await cancelledDuring(bench, input, {}, 'POST');
    expect(batches(bench)).toMatchObject([{ id: created.batchId }]);
  });

  test('and whose answer is lost looks for the batch at once, since no attempt follows', async () => {
    const bench = await setBench({ timeoutMs: 100 });
    const input = await opened(bench);
    const there = await make(bench, input.request.directoryId);
    bench.emulator.faults.next({ kind: 'delay', delayMs: 60_000, ...POST });
    expect((await cancelledDuring(bench, input, {}, 'POST')).batchId).toBe(there.id);
  });

  test('and whose post failed ends as cancelled, not as failed', async () => {
    const bench = await setBench({ timeoutMs: 100 });
    const input = await opened(bench);
    bench.emulator.faults.next({ kind: 'delay', delayMs: 60_000, ...POST });
    await expect(cancelledDuring(bench, input, {}, 'POST')).rejects.toThrow(CancelledFailure);
  });

  test('while it looks for a lost batch adopts that', async () => {
    const bench = await setBench();
    const input = await opened(bench);
    const lost = await make(bench, input.request.directoryId);
    bench.emulator.faults.next({ kind: 'delay', delayMs: 50, ...LIST });
    expect((await cancelledDuring(bench, input, { number: 2 }, 'GET')).batchId).toBe(lost.id);
  });

  test('before the post creates nothing', async () => {
    const bench = await setBench();
    const input = await opened(bench);
    bench.emulator.faults.next({ kind: 'delay', delayMs: 50, ...LIST });
    await expect(cancelledDuring(bench, input, { number: 2 }, 'GET')).rejects.toThrow(CancelledFailure);
    expect(batches(bench)).toHaveLength(0);
  });

  /** Cancels as soon as the next request is under way. */
  async function cancelledDuring(
    bench: Bench,
    input: Awaited<ReturnType<typeof opened>>,
    attempt: Attempt,
    method: string,
  ) {
    const start = bench.emulator.requests.length;
    const context = environment(attempt);
    const creating = runIn(context, bench.activities.createBatch, input);
    await until(() => bench.emulator.requests.length > start);
    expect(bench.emulator.requests.at(-1)?.method).toBe(method);
    context.cancel();
    return creating;
  }
});
