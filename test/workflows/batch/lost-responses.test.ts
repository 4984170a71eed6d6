import { Context } from '@temporalio/activity';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Fault, TARGETS } from '../../../src/testing/index.js';
import { newDirectory } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { readLogged } from '../../support/logged.js';
import { openNamespace } from '../../support/namespace.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

describe('a create whose response is lost', () => {
  let env: TestEnvironment;
  /** Replaces what the worker does after its next POSTs. */
  let lose: (() => Promise<never>) | null = null;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), {
      // The list shows a batch later than the worker looks first, and sooner than it gives up.
      emulator: { listLagMs: 1_500 },
      activities: ({ postBatch }) => ({
        postBatch: async (...args: Parameters<typeof postBatch>) => {
          const created = await postBatch(...args);
          return lose === null ? created : lose();
        },
      }),
    });
  });

  afterEach(() => {
    lose = null;
  });

  afterAll(() => env?.close());

  /** A run whose next POSTs meet these faults. */
  async function runUnder(...faults: Fault[]) {
    const directory = await newDirectory(env);
    for (const fault of faults) env.emulator.faults.next({ ...fault, ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    return { ...directory, run };
  }

  // The tests of `postBatch` have more: what is lost in another way leaves the workflow the same failure.
  const WITH_EFFECT: Fault[] = [
    { kind: 'reset-after' },
    { kind: 'error-after', status: 503, retryAfter: 1 },
    { kind: 'late-effect', effectAfterMs: 700, response: 'unavailable' },
  ];

  test.each(WITH_EFFECT)('and that took effect is adopted, and costs one POST: %j', async (fault) => {
    const { run, posts, batches } = await runUnder(fault);
    const report = await run.result();
    expect(batches().map(({ id }) => id)).toEqual([report.batchId]);
    expect(posts()).toHaveLength(1);
  });

  test('and that had no effect is sent again', async () => {
    const { run, posts, batches } = await runUnder({ kind: 'reset-before' });
    const report = await run.result();
    expect(batches().map(({ id }) => id)).toEqual([report.batchId]);
    expect(posts()).toHaveLength(2);
  });

  test('and that LlamaCloud carried out twice gives the run one batch, and a warning names both', async () => {
    const { run, posts, batches } = await runUnder({ kind: 'duplicated', response: 'reset' });
    const report = await run.result();
    const ids = batches().map(({ id }) => id);
    expect(ids).toHaveLength(2);
    expect(ids).toContain(report.batchId);
    expect(posts()).toHaveLength(1);
    const isWarning = (entry: string) => entry.includes('WARN') && ids.every((id) => entry.includes(id));
    expect(readLogged().some(isWarning)).toBe(true);
  });

  test('a refused POST is sent again without a long search', async () => {
    const { run, posts, batches, directoryId } = await runUnder({ kind: 'status', status: 429, retryAfter: 1 });
    const report = await run.result();
    expect(batches().map(({ id }) => id)).toEqual([report.batchId]);
    expect(posts()).toHaveLength(2);
    const between = env.emulator.requests.filter(
      ({ method, path, query }) =>
        method === 'GET' && path === TARGETS.listBatches.path && query.source_directory_id?.[0] === directoryId,
    );
    const secondPost = env.emulator.requests.findLast(({ method, status }) => method === 'POST' && status === 201);
    // Before the first POST, and once between the two.
    expect(between.filter(({ atMs }) => atMs <= (secondPost?.atMs ?? 0))).toHaveLength(2);
  });

  test('is sent no second time while the list can not be read', async () => {
    const directory = await newDirectory(env);
    const { faults } = env.emulator;
    faults.next({ kind: 'reset-before', ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    await directory.untilPosted(1);
    faults.next({ kind: 'status', status: 503, ...TARGETS.listBatches, times: 3 });
    const report = await run.result();
    expect(faults.planned).toBe(0);
    const { requests } = env.emulator;
    const second = requests.findLastIndex(({ method, status }) => method === 'POST' && status === 201);
    const lastFailed = requests.findLastIndex(
      ({ path, status }) => path === TARGETS.listBatches.path && status === 503,
    );
    expect(second).toBeGreaterThan(lastFailed);
    expect(directory.batches().map(({ id }) => id)).toEqual([report.batchId]);
  });

  test('and is then rejected fails the run, where there is no batch', async () => {
    const { run, posts, batches } = await runUnder({ kind: 'reset-before' }, { kind: 'status', status: 422 });
    expect(await failureOf(run.result())).toMatchObject({
      type: 'RequestRejected',
      message: expect.stringContaining('An earlier POST may have created a batch over directory'),
    });
    expect(posts()).toHaveLength(2);
    expect(batches()).toEqual([]);
  });

  test('and whose batch the list shows too late is still taken when the next POST is rejected', async () => {
    const directory = await newDirectory(env);
    const isHidden = (item: unknown) =>
      directory.posts().length < 2 && directory.batches().some(({ id }) => id === Object(item).id);
    const show = env.emulator.rewrite(TARGETS.listBatches, (body) => ({
      ...Object(body),
      items: Array.from(Object(body).items).filter((item) => !isHidden(item)),
    }));
    env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    env.emulator.faults.next({ kind: 'status', status: 422, ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    const report = await run.result();
    show();
    expect(directory.batches().map(({ id }) => id)).toEqual([report.batchId]);
    expect(directory.posts()).toEqual([0, 422]);
  });

  const LOST_BY_THE_WORKER: [string, () => Promise<never>][] = [
    // Neither a response nor a heartbeat, until the worker is shut down at the end of this file.
    ['died', () => Context.current().cancelled],
    ['failed', () => Promise.reject(new Error('out of memory'))],
  ];

  test.each(LOST_BY_THE_WORKER)('because its worker %s is adopted', async (_, howToLose) => {
    lose = howToLose;
    const directory = await newDirectory(env);
    const run = await env.batches.start(parseInput(directory.directoryId));
    const report = await run.result();
    expect(directory.batches().map(({ id }) => id)).toEqual([report.batchId]);
    expect(directory.posts()).toHaveLength(1);
  });
});
