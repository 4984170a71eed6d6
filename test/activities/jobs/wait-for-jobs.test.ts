import { describe, expect, test } from 'vitest';
import type { WaitForJobsInput } from '../../../src/activities/jobs/wait-for-jobs.js';
import { DEFAULT_POLL } from '../../../src/protocol/index.js';
import { type EmulatorOptions, TARGETS } from '../../../src/testing/emulator/index.js';
import { createContext, delayOf, failing, failureOf, run, runIn, startActivityEnvironment } from '../support.js';

const DAY = 24 * 60 * 60_000;
const POLL_INDIVIDUALLY = { ended: [], pollIndividually: true };

/** So many jobs none of which has ended, and how to wait for them. */
async function start(count: number, emulator: EmulatorOptions = {}) {
  const env = await startActivityEnvironment({ emulator: { jobRunningMs: DAY, ...emulator } });
  const files = Array.from({ length: count }, (_, i) => ({ name: `${i}.md`, content: `# ${i}\n` }));
  const directory = await env.emulator.addDirectory(files);
  const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
  const { id } = await env.llamacloud.createBatch({ sourceDirectoryId: directory.id, job });
  await env.llamacloud.getBatch(id);
  const jobIds = env.emulator.jobs.list().map((each) => each.id);
  const before = env.emulator.requests.length;
  /** @param waitedMs Since the jobs were first waited for. */
  const wait = (waitedMs = 0, input: Partial<WaitForJobsInput> = {}): WaitForJobsInput => ({
    type: 'parse_v2',
    jobIds,
    sinceMs: Date.now() - waitedMs,
    lastPolledAtMs: null,
    deadlineMs: Date.now() + DAY,
    poll: DEFAULT_POLL,
    ...input,
  });
  return {
    env,
    jobIds,
    wait,
    waitForJobs: env.activities.waitForJobs,
    requests: () => env.emulator.requests.slice(before),
  };
}

describe('jobs', () => {
  test('are polled by one request for a hundred of them, and those that have ended are returned', async () => {
    const { env, jobIds, wait, waitForJobs, requests } = await start(100);
    const ended = [3, 4, 50, 99].map((index) => jobIds[index] ?? '');
    const statuses = ['COMPLETED', 'FAILED', 'CANCELLED', 'COMPLETED'];
    for (const [index, id] of ended.entries()) env.emulator.jobs.setStatus(id, statuses[index] ?? null);
    expect(await run(waitForJobs, wait())).toEqual({ ended, pollIndividually: false });
    expect(requests().map(({ path, query }) => [path, query.job_ids])).toEqual([['/api/v2/parse', jobIds]]);
  });

  test('are waited for, longer the longer it takes, in a benign failure that says how many there are', async () => {
    const { wait, waitForJobs } = await start(3);
    const failure = await failing(waitForJobs, wait(100_000));
    expect(failure).toMatchObject({ type: 'JobNotReady', category: 'BENIGN', nonRetryable: false });
    expect(failure.message).toContain('3 jobs have not ended');
    expect(delayOf(failure)).toBeGreaterThanOrEqual(9_800);
    expect(delayOf(failure)).toBeLessThan(10_100);
  });

  test('that have just been polled are left alone until it is their turn, without a request', async () => {
    const { wait, waitForJobs, requests } = await start(3);
    const input = wait(50_000, { lastPolledAtMs: Date.now() - 2_000 });
    expect(delayOf(await failing(waitForJobs, input))).toBeLessThan(3_100);
    expect(requests()).toHaveLength(0);
    await failing(waitForJobs, input, { number: 2 });
    expect(requests()).toHaveLength(1);
  });

  test('that are not in the list do not count as ended, and are left while others are waited for', async () => {
    const { env, jobIds, wait, waitForJobs } = await start(3);
    const input = { jobIds: ['pjb-gone', ...jobIds] };
    expect((await failing(waitForJobs, wait(3_600_000, input))).type).toBe('JobNotReady');
    env.emulator.jobs.setStatus(jobIds[0] ?? '', 'COMPLETED');
    expect(await run(waitForJobs, wait(3_600_000, input))).toEqual({ ended: [jobIds[0]], pollIndividually: false });
  });

  test('that the list shows late are waited for', async () => {
    const { wait, waitForJobs } = await start(3, { jobListLagMs: Number.POSITIVE_INFINITY });
    expect((await failing(waitForJobs, wait())).type).toBe('JobNotReady');
  });
});

describe('each job has to be polled by itself', () => {
  test.each([400, 404, 405, 410, 414, 422, 431, 451, 501])('when the list is refused with %d', async (status) => {
    const { env, wait, waitForJobs, requests } = await start(3);
    env.emulator.faults.next({ kind: 'status', status, ...TARGETS.listJobs });
    expect(await run(waitForJobs, wait())).toEqual(POLL_INDIVIDUALLY);
    expect(requests()).toHaveLength(1);
  });

  test('when the list is none', async () => {
    const { env, wait, waitForJobs } = await start(3);
    env.emulator.faults.next({ kind: 'wrong-json', ...TARGETS.listJobs });
    expect(await run(waitForJobs, wait())).toEqual(POLL_INDIVIDUALLY);
  });

  test('when the list heeds no ids, and then only one page of it is asked for', async () => {
    const { jobIds, wait, waitForJobs, requests } = await start(3, { filtersJobIds: false, maxPageSize: 2 });
    expect(await run(waitForJobs, wait(0, { jobIds: jobIds.slice(0, 2) }))).toEqual(POLL_INDIVIDUALLY);
    expect(requests()).toHaveLength(1);
  });

  test('when their time is over: those that have ended by then are told by a last poll', async () => {
    const { env, jobIds, wait, waitForJobs, requests } = await start(3);
    const failure = await failing(waitForJobs, wait(600_000, { deadlineMs: Date.now() + 2_000 }));
    expect(delayOf(failure)).toBeLessThanOrEqual(2_000);
    expect(requests()).toHaveLength(1);
    const isOver = wait(600_000, { deadlineMs: Date.now() - 1 });
    expect(await run(waitForJobs, isOver)).toEqual(POLL_INDIVIDUALLY);
    env.emulator.jobs.setStatus(jobIds[1] ?? '', 'COMPLETED');
    expect(await run(waitForJobs, isOver)).toEqual({ ended: [jobIds[1]], pollIndividually: true });
    env.emulator.faults.next({ kind: 'status', status: 503, ...TARGETS.listJobs });
    expect(await run(waitForJobs, isOver)).toEqual(POLL_INDIVIDUALLY);
    expect(requests()).toHaveLength(4);
  });

  test('when a minute has passed and the list has none of them', async () => {
    const { wait, waitForJobs } = await start(3);
    const gone = { jobIds: ['pjb-gone', 'pjb-lost'] };
    expect((await failing(waitForJobs, wait(59_000, gone))).type).toBe('JobNotReady');
    expect(await run(waitForJobs, wait(60_000, gone))).toEqual(POLL_INDIVIDUALLY);
  });

  test('when the list has failed for 15 minutes', async () => {
    const { env, wait, waitForJobs } = await start(3);
    env.emulator.faults.next({ kind: 'status', status: 500, ...TARGETS.listJobs, times: 3 });
    const context = createContext();
    let heartbeat: unknown;
    context.on('heartbeat', (details) => {
      heartbeat = details;
    });
    expect(await failureOf(runIn(context, waitForJobs, wait()))).toMatchObject({ type: 'ServiceUnavailable' });
    expect(heartbeat).toEqual({ progress: { failingSinceMs: expect.closeTo(Date.now(), -5) } });
    const since = (ms: number) => ({ number: 2, heartbeatDetails: { progress: { failingSinceMs: Date.now() - ms } } });
    await failing(waitForJobs, wait(), since(15 * 60_000 - 10_000));
    expect(await run(waitForJobs, wait(), since(15 * 60_000))).toEqual(POLL_INDIVIDUALLY);
  });
});

test.each([
  [429, 'RateLimited'],
  [500, 'ServiceUnavailable'],
  [401, 'NotAuthorized'],
  [402, 'AccountPaused'],
])('a list that fails with %d is asked for again: %s', async (status, type) => {
  const { env, wait, waitForJobs } = await start(3);
  env.emulator.faults.next({ kind: 'status', status, ...TARGETS.listJobs });
  expect(await failing(waitForJobs, wait())).toMatchObject({ type, nonRetryable: false });
});
