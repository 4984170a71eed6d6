import { describe, expect, test } from 'vitest';
import { createActivities, DirectoryStore, LlamaCloudClient } from '../../../src/index.js';
import { type BatchJob, LIST_LAG_MS } from '../../../src/protocol/index.js';
import { type Fault, TARGETS } from '../../../src/testing/emulator/index.js';
import { addDirectory, delayOf, failing, run } from '../support.js';
import { create, PARSE, setWork } from './support.js';

const SAVED = 'cfg-11111111-1111-4111-8111-111111111111';

test('a list that may lag for longer than a run waits is refused', () => {
  const deps = { llamacloud: new LlamaCloudClient({ apiKey: 'llx-0' }), outputs: new DirectoryStore('out') };
  expect(() => createActivities({ ...deps, listLagMs: 90_001 })).toThrow('listLagMs is more than 90000');
  expect(createActivities({ ...deps, listLagMs: 90_000 })).toHaveProperty('postBatch');
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

  test('fails where the list has more batches than one directory can have in a day, so that their ids fit into a payload', async () => {
    const { env, work, list } = await setWork();
    const items = Array.from({ length: 10_001 }, (_, index) => ({ id: `bat-${index}`, status: 'COMPLETED' }));
    env.emulator.rewrite(TARGETS.listBatches, (body) => ({ ...Object(body), items: items.slice(1) }));
    expect((await list()).batchIds).toHaveLength(10_000);
    env.emulator.rewrite(TARGETS.listBatches, (body) => ({ ...Object(body), items }));
    const { message } = await failing(env.activities.listRecentBatches, work);
    expect(message).toContain(`more than 10000 batches over directory ${work.directoryId}`);
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
    [{ kind: 'status', status: 401 }, 'AccountPaused'],
    [{ kind: 'status', status: 402 }, 'AccountPaused'],
  ] as const;

  test.each(NO_LIST)('does not answer "there is none" while the list can not be read: %j', async (fault, type) => {
    const { env, work, list } = await setWork();
    const input = { ...work, preexisting: await list(), wait: true };
    env.emulator.faults.next({ ...fault, ...TARGETS.listBatches });
    const failure = await failing(env.activities.findCreatedBatch, input, { ageMs: 10 * LIST_LAG_MS });
    expect(failure).toMatchObject({ type, nonRetryable: false });
  });
});

describe('waitUntilListed', () => {
  test('waits for its own batch, not for another new one, as long as the list may lag', async () => {
    const { env, work } = await setWork();
    const { id: batchId } = await create(env, work.directoryId);
    const notListed = { ...work, batchId: 'bat-not-listed' };
    const waiting = await failing(env.activities.waitUntilListed, notListed, { ageMs: LIST_LAG_MS - 3_000 });
    expect(waiting).toMatchObject({ type: 'BatchNotReady', category: 'BENIGN', nonRetryable: false });
    expect(delayOf(waiting)).toBe(3_000);
    await run(env.activities.waitUntilListed, notListed, { ageMs: LIST_LAG_MS });
    await run(env.activities.waitUntilListed, { ...work, batchId });
  });
});
