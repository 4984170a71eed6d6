import { CancelledFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import type { BatchToCreate, PostFailureDetails } from '../../../src/activities/types.js';
import { type BatchJob, LIST_LAG_MS } from '../../../src/protocol/index.js';
import { ADVERSE_CONDITIONS, type Fault, TARGETS } from '../../../src/testing/emulator/index.js';
import {
  type ActivityEnvironment,
  type ActivityEnvironmentOptions,
  addDirectory,
  createContext,
  delayOf,
  failing,
  run,
  runIn,
  startActivityEnvironment,
  until,
} from '../support.js';

const PARSE: BatchJob = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' };
const SAVED = 'cfg-11111111-1111-4111-8111-111111111111';

/** A directory that a batch is to be created over, and what is listed before. */
async function setWork({ emulator, ...options }: ActivityEnvironmentOptions = {}) {
  const env = await startActivityEnvironment({
    ...options,
    emulator: { ...ADVERSE_CONDITIONS, listLagMs: 0, ...emulator },
  });
  const { id: directoryId } = await addDirectory(env);
  const work: BatchToCreate = { directoryId, job: PARSE, scope: {} };
  return { env, work, list: () => run(env.activities.listRecentBatches, work) };
}

function batchIds({ emulator }: ActivityEnvironment): string[] {
  return emulator.batches.list().map(({ id }) => id);
}

/** A batch that is created without the activities. */
function create({ llamacloud }: ActivityEnvironment, directoryId: string, job = PARSE) {
  return llamacloud.createBatch({ sourceDirectoryId: directoryId, job });
}

/** A POST that fails, and what its failure tells the workflow. */
async function failedPost(fault: Fault, options: ActivityEnvironmentOptions = {}) {
  const { env, work } = await setWork(options);
  env.emulator.faults.next({ ...fault, ...TARGETS.createBatch });
  const failure = await failing(env.activities.postBatch, work);
  const details: unknown = failure.details?.[0];
  return { env, work, failure, details };
}

const retry = (mayHaveCreatedBatch: boolean, retryDelayMs: number = expect.any(Number)): PostFailureDetails => ({
  mayHaveCreatedBatch,
  retryDelayMs,
});

describe('postBatch', () => {
  test('sends one request, and returns the batch', async () => {
    const { env, work } = await setWork();
    const created = await run(env.activities.postBatch, work);
    expect(env.emulator.requests.map(({ method }) => method)).toEqual(['POST']);
    expect(batchIds(env)).toEqual([created.batchId]);
  });

  const LOST: Fault[] = [
    { kind: 'reset-before' },
    { kind: 'reset-after' },
    { kind: 'error-after' },
    { kind: 'late-effect', effectAfterMs: 10 },
    { kind: 'truncated' },
    { kind: 'truncated-close-delimited' },
    { kind: 'empty' },
    { kind: 'wrong-json' },
    { kind: 'html' },
    { kind: 'status', status: 408 },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 504 },
  ];

  test.each(LOST)('says that a batch may have been created: %j', async (fault) => {
    const { env, failure, details } = await failedPost(fault);
    expect(details).toEqual(retry(true));
    expect(failure.nonRetryable).toBe(true);
    expect(env.emulator.requests).toHaveLength(1);
  });

  test('says that a batch may have been created when no response came in time', async () => {
    const { details } = await failedPost({ kind: 'delay', delayMs: 60_000 }, { timeoutMs: 2_000 });
    expect(details).toEqual(retry(true));
  });

  test('a 503 with Retry-After is not taken to mean that nothing was created', async () => {
    const { details } = await failedPost({ kind: 'error-after', status: 503, retryAfter: 1 });
    expect(details).toEqual({ ...retry(true, 1_000), wasUnavailable: true });
  });

  test.each([
    [425, 'ServiceUnavailable'],
    [429, 'RateLimited'],
  ])('says that nothing was created after %i, and when to try again', async (status, type) => {
    const { failure, details } = await failedPost({ kind: 'status', status, retryAfter: 7 });
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(details).toEqual(retry(false, 7_000));
  });

  test('says that nothing was created where the connection was refused', async () => {
    const { env, work } = await setWork();
    await env.emulator.close();
    const failure = await failing(env.activities.postBatch, work);
    expect(failure.details).toEqual([retry(false)]);
  });

  const REJECTED = [
    [400, 'RequestRejected', /Check the ids and the configuration/],
    [401, 'NotAuthorized', /Check LLAMA_CLOUD_API_KEY/],
    [402, 'OutOfCredits', /Add credits to the LlamaCloud organization/],
    [403, 'NotAuthorized', /Check LLAMA_CLOUD_API_KEY/],
    [404, 'NotFound', /Check the id/],
    [409, 'RequestRejected', /Check the ids/],
    [422, 'RequestRejected', /Check the ids/],
  ] as const;

  test.each(REJECTED)('%i ends as %s, and says what to do', async (status, type, advice) => {
    const { failure, work, details } = await failedPost({ kind: 'status', status });
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(failure.message).toMatch(advice);
    expect(failure.message).toContain(`batch over directory ${work.directoryId}: LlamaCloud returned`);
    expect(details).toBeUndefined();
  });

  test.each([
    ['a second attempt', { number: 2 }],
    ['a first attempt that a person has started again', { number: 1, ageMs: 2_000 }],
  ])('%s sends nothing: what came of the one before is not known', async (_, attempt) => {
    const { env, work } = await setWork();
    const failure = await failing(env.activities.postBatch, work, attempt);
    expect(failure).toMatchObject({ nonRetryable: true, details: [retry(true)] });
    expect(env.emulator.requests).toEqual([]);
  });

  test('a cancelled POST still returns the batch that it creates', async () => {
    const { env, work } = await setWork();
    env.emulator.faults.next({ kind: 'delay', delayMs: 500, ...TARGETS.createBatch });
    const created = await cancelledPost(env, work);
    expect(batchIds(env)).toEqual([created.batchId]);
  });

  test('a cancelled POST without a response ends as cancelled', async () => {
    const { env, work } = await setWork({ timeoutMs: 2_000 });
    env.emulator.faults.next({ kind: 'delay', delayMs: 60_000, ...TARGETS.createBatch });
    await expect(cancelledPost(env, work)).rejects.toThrow(CancelledFailure);
  });

  /** Cancels as soon as the request is under way. */
  async function cancelledPost(env: ActivityEnvironment, work: BatchToCreate) {
    const context = createContext();
    const posting = runIn(context, env.activities.postBatch, work);
    await until(() => env.emulator.requests.length > 0);
    context.cancel();
    return posting;
  }
});

describe('findCreatedBatch', () => {
  test.each([
    ['two hours behind', -2],
    ['two hours ahead', 2],
  ])('finds the batch that was not there before, by a clock %s', async (_, hours) => {
    const { env, work, list } = await setWork({ emulator: { clockOffsetMs: hours * 3_600_000 } });
    await create(env, work.directoryId);
    const preexisting = await list();
    const lost = await create(env, work.directoryId);
    const found = await run(env.activities.findCreatedBatch, { ...work, preexisting, wait: true });
    expect(found).toEqual({ batchId: lost.id, status: expect.any(String) });
  });

  test('still finds a batch that was created days before it is looked for', async () => {
    const { env, work } = await setWork({ emulator: { unusualBatches: false } });
    const lost = await create(env, work.directoryId);
    const sinceMs = Date.now() - 3 * 24 * 3_600_000;
    const asked = env.emulator.requests.length;
    const input = { ...work, preexisting: { sinceMs, batchIds: [], withoutId: 0 }, wait: true };
    expect(await run(env.activities.findCreatedBatch, input)).toMatchObject({ batchId: lost.id });
    const [since] = env.emulator.requests[asked]?.query.created_at_on_or_after ?? [];
    expect(new Date(since ?? '').getTime()).toBe(sinceMs);
  });

  test('takes neither another configuration’s batch, nor another type’s, nor another directory’s', async () => {
    const { env, work, list } = await setWork({ emulator: { configurationIds: [SAVED] } });
    const preexisting = await list();
    await create(env, work.directoryId, { type: 'parse_v2', configurationId: 'cfg-PARSE_FAST' });
    await create(env, work.directoryId, { type: 'extract_v2', configurationId: SAVED });
    await create(env, (await addDirectory(env)).id);
    const find = (job: BatchJob) => run(env.activities.findCreatedBatch, { ...work, job, preexisting, wait: false });
    expect(await find(PARSE)).toBeNull();
    expect(await find({ type: 'parse_v2', configurationId: SAVED })).toBeNull();
  });

  test('takes no unrelated batch that appears meanwhile, and is stopped by none', async () => {
    const { env, work, list } = await setWork();
    const preexisting = await list();
    expect(preexisting.batchIds).not.toEqual([]);
    const common = { created_at: 17, status: 'ODD', source_directory_id: work.directoryId };
    const strange = [
      { id: 'bat-none', ...common },
      { id: 'bat-split', ...common, config: { job: { type: 'split_v1', configuration_id: PARSE.configurationId } } },
      { id: 'bat-nowhere', status: 'COMPLETED', config: { job: { type: 'parse_v2', configuration_id: 'cfg-other' } } },
    ];
    env.emulator.rewrite(TARGETS.listBatches, (body) => ({ ...Object(body), items: strange }));
    const input = { ...work, preexisting, wait: false };
    expect(await run(env.activities.findCreatedBatch, input)).toBeNull();
  });

  test('does not answer "there is none" while the list shows a new batch without a usable id', async () => {
    const { env, work, list } = await setWork();
    const described = {
      source_directory_id: work.directoryId,
      config: { job: { type: PARSE.type, configuration_id: PARSE.configurationId } },
    };
    const old = { id: 17, ...described };
    const others = [
      { ...described, source_directory_id: 'dir-other' },
      { ...described, config: { job: { type: 'parse_v2', configuration_id: 'cfg-other' } } },
    ];
    const listed: object[] = [old];
    env.emulator.rewrite(TARGETS.listBatches, (body) => ({ ...Object(body), items: listed }));
    const input = { ...work, preexisting: await list(), wait: false };
    listed.push(...others);
    expect(await run(env.activities.findCreatedBatch, input)).toBeNull();
    listed.push({ id: `bat-${'x'.repeat(200)}`, ...described });
    const failure = await failing(env.activities.findCreatedBatch, input, { ageMs: LIST_LAG_MS });
    expect(failure).toMatchObject({ type: 'UnexpectedResponse', nonRetryable: false });
  });

  test('remembers no batches that can not be of this work, although LlamaCloud lists them', async () => {
    const { env, work, list } = await setWork({ emulator: { unusualBatches: false } });
    const { id } = await create(env, work.directoryId);
    const others = Array.from({ length: 1_000 }, (_, i) => ({ id: `bat-${i}`, source_directory_id: 'dir-other' }));
    env.emulator.rewrite(TARGETS.listBatches, (body) => ({
      ...Object(body),
      items: [...others, ...Object(body).items],
    }));
    expect((await list()).batchIds).toEqual([id]);
  });

  const BROKEN: Fault[] = [
    ...[400, 403, 404, 410, 422].map((status) => ({ kind: 'status', status }) as const),
    { kind: 'html' },
    { kind: 'wrong-json' },
  ];

  test.each(BROKEN)('is stopped by no batch of others that can not be read: %j', async (fault) => {
    const { env, work, list } = await setWork({ emulator: { unusualBatches: false } });
    const preexisting = await list();
    const lost = await create(env, work.directoryId);
    const broken = { id: 'bat-broken', status: 'RUNNING', source_directory_id: work.directoryId };
    const addBroken = (body: unknown) => ({ ...Object(body), items: [broken, ...Object(body).items] });
    env.emulator.rewrite(TARGETS.listBatches, addBroken);
    env.emulator.faults.next({ ...fault, ...TARGETS.getBatch });
    const input = { ...work, preexisting, wait: false };
    expect(await run(env.activities.findCreatedBatch, input)).toMatchObject({ batchId: lost.id });
  });

  // The batch of a lost response may be the one that can't be read for now.
  test.each([401, 402, 408, 429, 500])('does not pass over a batch whose response is %i', async (status) => {
    const { env, work, list } = await setWork();
    const input = { ...work, preexisting: await list(), wait: false };
    const listed = { id: 'bat-unknown', status: 'RUNNING', source_directory_id: work.directoryId };
    env.emulator.rewrite(TARGETS.listBatches, (body) => ({ ...Object(body), items: [listed] }));
    env.emulator.faults.next({ kind: 'status', status, ...TARGETS.getBatch });
    expect((await failing(env.activities.findCreatedBatch, input)).nonRetryable).toBe(false);
  });

  test('takes the oldest of several, on whatever page it is', async () => {
    const { env, work, list } = await setWork({ emulator: { defaultPageSize: 1, maxPageSize: 1 } });
    const preexisting = await list();
    const oldest = await create(env, work.directoryId);
    await create(env, work.directoryId);
    await create(env, work.directoryId);
    const found = await run(env.activities.findCreatedBatch, { ...work, preexisting, wait: true });
    expect(found?.batchId).toBe(oldest.id);
  });

  test('waits as long as the list may lag, and no longer', async () => {
    // As the guarantees promise.
    expect(LIST_LAG_MS).toBe(60_000);
    const { env, work, list } = await setWork();
    const input = { ...work, preexisting: await list(), wait: true };
    const waiting = await failing(env.activities.findCreatedBatch, input, { ageMs: LIST_LAG_MS - 3_000 });
    expect(waiting).toMatchObject({ type: 'BatchNotReady', category: 'BENIGN', nonRetryable: false });
    expect(delayOf(waiting)).toBe(3_000);
    expect(await run(env.activities.findCreatedBatch, input, { ageMs: LIST_LAG_MS })).toBeNull();
    expect(await run(env.activities.findCreatedBatch, { ...input, wait: false })).toBeNull();
  });

  const NO_LIST = [
    [{ kind: 'status', status: 500 }, 'ServiceUnavailable'],
    [{ kind: 'reset-before' }, 'ServiceUnavailable'],
    [{ kind: 'truncated' }, 'ServiceUnavailable'],
    [{ kind: 'html' }, 'UnexpectedResponse'],
    // A batch that was paid for may be there: these do not end here as they do at the POST.
    [{ kind: 'status', status: 401 }, 'NotAuthorized'],
    [{ kind: 'status', status: 402 }, 'OutOfCredits'],
  ] as const;

  test.each(NO_LIST)('does not answer "there is none" while the list can not be read: %j', async (fault, type) => {
    const { env, work, list } = await setWork();
    const input = { ...work, preexisting: await list(), wait: true };
    env.emulator.faults.next({ ...fault, ...TARGETS.listBatches });
    const failure = await failing(env.activities.findCreatedBatch, input, { ageMs: 10 * LIST_LAG_MS });
    expect(failure).toMatchObject({ type, nonRetryable: false });
  });
});
