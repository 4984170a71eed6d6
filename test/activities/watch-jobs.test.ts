import { describe, expect, test } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { openOutputStore } from '../../src/outputs/index.js';
import { DEFAULT_POLL } from '../../src/protocol/index.js';
import type { EmulatorOptions } from '../../src/testing/emulator/index.js';
import { delayOf, environment, failing, failureOf, run, runIn, setBench } from './support.js';

const DAY = 24 * 60 * 60_000;
const LIST = '/api/v2/parse';

interface Circumstances {
  emulator?: EmulatorOptions;
  requestsPerSecond?: number;
  /** A row whose job LlamaCloud does not know any more. */
  gone?: number;
}

/** A batch over so many files none of whose jobs has ended, and a look at all of them. */
async function start(count: number, { emulator, requestsPerSecond, gone }: Circumstances = {}) {
  const bench = await setBench({ emulator: { jobRunningMs: DAY, ...emulator } });
  const { llamacloud } = bench;
  const activities = createActivities({
    llamacloud,
    outputs: openOutputStore(bench.output),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
  });
  const files = Array.from({ length: count }, (_, i) => ({ name: `${i}.md`, content: `# ${i}\n` }));
  const directory = await bench.emulator.addDirectory(files);
  const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
  const { id: batchId } = await llamacloud.createBatch({ sourceDirectoryId: directory.id, job });
  if (gone !== undefined) {
    bench.emulator.batches.setResults(batchId, (rows) =>
      (rows ?? []).map((row, i) =>
        i === gone ? { ...row, job_reference: { type: 'parse_v2', id: 'pjb-gone' } } : row,
      ),
    );
  }
  const page = {
    batchId,
    directoryId: directory.id,
    status: 'COMPLETED',
    pageSize: 1_000,
    poll: DEFAULT_POLL,
    graceMs: DAY,
  };
  const { rows, jobs } = await run(bench.activities.readResults, page);
  if (jobs === undefined) throw new Error('the jobs can not be looked at');
  const looked = bench.emulator.requests.length;
  const look = (pending: string, waitedMs = 0, jobTimeoutMs = DAY) => ({
    batchId,
    pageSize: 1_000,
    digest: jobs.digest,
    pending,
    sinceMs: Date.now() - waitedMs,
    jobTimeoutMs,
    poll: DEFAULT_POLL,
  });
  const finish = (...numbers: number[]) => {
    for (const number of numbers) bench.emulator.jobs.setStatus(rows[number]?.job?.id ?? '', 'COMPLETED');
  };
  return {
    bench,
    activities,
    page,
    ready: jobs.ready,
    look,
    finish,
    requests: () => bench.emulator.requests.slice(looked),
  };
}

describe('the jobs of a page', () => {
  test('are looked at together, a hundred to a request, and those that have ended are returned by their rows', async () => {
    const { activities, look, finish, requests, ready } = await start(250);
    expect(ready).toBe('');
    finish(3, 4, 5, 120, 249);
    expect(await run(activities.watchJobs, look('0-249'))).toEqual({ ready: '3-5,120,249' });
    const lists = requests().filter(({ path }) => path === LIST);
    expect(lists.map(({ query }) => query.job_ids?.length)).toEqual([100, 100, 50]);
    expect(requests()).toHaveLength(4);
  });

  test('that have ended already are known when the results are read', async () => {
    const { activities, finish, page } = await start(3);
    finish(0, 1, 2);
    expect((await run(activities.readResults, page)).jobs?.ready).toBe('0-2');
  });

  test('do not keep the results from being read when their list fails', async () => {
    const { bench, activities, page } = await start(3);
    bench.emulator.faults.next({ kind: 'status', status: 500, path: LIST });
    expect(await run(activities.readResults, page)).toMatchObject({ jobs: { ready: '' } });
  });

  test.each(['FAILED', 'CANCELLED'])('have ended as well when they are %s', async (status) => {
    const { bench, activities, look } = await start(2);
    for (const job of bench.emulator.jobs.list()) bench.emulator.jobs.setStatus(job.id, status);
    expect(await run(activities.watchJobs, look('1'))).toEqual({ ready: '1' });
  });

  test('are waited for, longer the longer it takes, in a benign failure that says how many there are', async () => {
    const { activities, look } = await start(3);
    const failure = await failing(activities.watchJobs, look('0-2', 100_000));
    expect(failure).toMatchObject({ type: 'JobNotReady', category: 'BENIGN', nonRetryable: false });
    expect(failure.message).toContain('3 jobs have not ended');
    expect(delayOf(failure)).toBeGreaterThanOrEqual(9_900);
    expect(delayOf(failure)).toBeLessThan(10_100);
  });

  test('that have just been looked at are left alone until it is their turn, without a request', async () => {
    const { activities, look, requests } = await start(3);
    const looked = { ...look('0-2', 50_000), lookedMs: Date.now() - 2_000 };
    const failure = await failing(activities.watchJobs, looked);
    expect(failure.message).toContain('3 jobs have not ended');
    expect(delayOf(failure)).toBeGreaterThanOrEqual(2_900);
    expect(delayOf(failure)).toBeLessThan(3_100);
    expect(requests()).toHaveLength(0);
    await failing(activities.watchJobs, looked, { number: 2 });
    expect(requests()).toHaveLength(2);
  });

  test('are not asked for again by their batch: the next attempt knows their ids', async () => {
    const { activities, look, finish, requests } = await start(3);
    const first = environment();
    const beats: unknown[] = [];
    first.on('heartbeat', (details) => beats.push(details));
    await failureOf(runIn(first, activities.watchJobs, look('0-2')));
    finish(1);
    const before = requests().length;
    expect(await run(activities.watchJobs, look('0-2'), { heartbeatDetails: beats.at(-1) })).toEqual({ ready: '1' });
    expect(
      requests()
        .slice(before)
        .map(({ path }) => path),
    ).toEqual([LIST]);
  });

  test('of which one is too old to be missing from the list is handed out: who looks at it alone learns why', async () => {
    const { activities, look } = await start(3, { gone: 1 });
    await failing(activities.watchJobs, look('0-2', 59_000));
    expect(await run(activities.watchJobs, look('0-2', 60_000))).toEqual({ ready: '1' });
  });
});

describe('each job has to be looked at by itself', () => {
  test.each([400, 404, 405, 414, 422])('when the list is refused with %d', async (status) => {
    const { bench, activities, look, requests } = await start(3);
    bench.emulator.faults.next({ kind: 'status', status, path: LIST });
    expect(await run(activities.watchJobs, look('0-2'))).toEqual({ ready: '', rest: 'single' });
    expect(requests().filter(({ path }) => path === LIST)).toHaveLength(1);
  });

  test('when the list heeds no ids, and then only one page of it is asked for', async () => {
    const { activities, look, requests } = await start(3, { emulator: { filtersJobIds: false, maxPageSize: 2 } });
    expect(await run(activities.watchJobs, look('0-1'))).toEqual({ ready: '', rest: 'single' });
    expect(requests().filter(({ path }) => path === LIST)).toHaveLength(1);
  });

  test('when the page is another than the rows are of', async () => {
    const { bench, activities, look } = await start(3);
    const [{ id } = { id: '' }] = bench.emulator.batches.list();
    bench.emulator.batches.setResults(id, (rows) => rows?.slice(1) ?? null);
    expect(await run(activities.watchJobs, look('0-2'))).toEqual({ ready: '', rest: 'single' });
  });

  test('when their time is over, and the last look comes before that', async () => {
    const { activities, look, requests } = await start(3);
    const failure = await failing(activities.watchJobs, look('0-2', 600_000, 602_000));
    expect(delayOf(failure)).toBeLessThanOrEqual(2_000);
    const before = requests().length;
    expect(await run(activities.watchJobs, look('0-2', 602_000, 602_000))).toEqual({ ready: '', rest: 'single' });
    expect(requests()).toHaveLength(before);
  });
});

describe('a list that fails', () => {
  test.each([
    [429, 'RateLimited'],
    [500, 'ServiceUnavailable'],
    [401, 'NotAuthorized'],
    [402, 'OutOfCredits'],
  ])('with %d is asked for again: %s', async (status, type) => {
    const { bench, activities, look } = await start(3);
    bench.emulator.faults.next({ kind: 'status', status, path: LIST });
    expect(await failing(activities.watchJobs, look('0-2'))).toMatchObject({ type, nonRetryable: false });
  });
});

test('a list that goes on failing for a quarter of an hour is given up: each job is looked at by itself', async () => {
  const { bench, activities, look } = await start(3);
  bench.emulator.faults.next({ kind: 'status', status: 500, path: LIST, times: 3 });
  const failingSince = async (ms: number) => {
    const context = environment();
    let kept: unknown;
    context.on('heartbeat', (details) => {
      kept = details;
    });
    await failureOf(runIn(context, activities.watchJobs, look('0-2')));
    if (!(kept instanceof Object && 'kept' in kept && kept.kept instanceof Object)) throw new Error('nothing is kept');
    return { ...kept, kept: { ...kept.kept, failingSinceMs: Date.now() - ms } };
  };
  const heartbeatDetails = await failingSince(15 * 60_000 - 5_000);
  await failing(activities.watchJobs, look('0-2'), { number: 2, heartbeatDetails });
  const later = { ...heartbeatDetails, kept: { ...heartbeatDetails.kept, failingSinceMs: Date.now() - 15 * 60_000 } };
  expect(await run(activities.watchJobs, look('0-2'), { number: 3, heartbeatDetails: later })).toEqual({
    ready: '',
    rest: 'single',
  });
});

test('where requests are limited an attempt makes one, so that Temporal can count them', async () => {
  const { activities, look, finish, requests } = await start(250, { requestsPerSecond: 5 });
  finish(7, 249);
  let heartbeatDetails: unknown;
  const made: number[] = [];
  for (let number = 1; ; number++) {
    const before = requests().length;
    const context = environment({ number, heartbeatDetails });
    context.on('heartbeat', (details) => {
      heartbeatDetails = details;
    });
    const outcome = await runIn(context, activities.watchJobs, look('0-249')).catch((error) => error);
    made.push(requests().length - before);
    if (!(outcome instanceof Error)) {
      expect(outcome).toEqual({ ready: '7,249' });
      break;
    }
    expect(outcome).toMatchObject({ type: 'JobNotReady', nextRetryDelay: 1_000 });
  }
  expect(made).toEqual([1, 1, 1, 1]);
});
