import { describe, expect, test } from 'vitest';
import type { JobReference } from '../../../src/llamacloud/index.js';
import { type EmulatorOptions, type Fault, TARGETS } from '../../../src/testing/emulator/index.js';
import {
  type ActivityEnvironmentOptions,
  createContext,
  delayOf,
  failing,
  failureOf,
  run,
  runAttempts,
  runIn,
  startActivityEnvironment,
} from '../support.js';

const HOUR = 3_600_000;
const CANCEL = TARGETS.cancelJob.path;

/** A COMPLETED batch over so many files, whose jobs run. */
async function start(count: number, emulator: EmulatorOptions = {}, options: ActivityEnvironmentOptions = {}) {
  const env = await startActivityEnvironment({
    emulator: { lateRowsMs: 0, lateJobsMs: 0, jobRunningMs: HOUR, ...emulator },
    ...options,
  });
  const files = Array.from({ length: count }, (_, i) => ({ name: `${i}.md`, content: `# ${i}\n` }));
  const directory = await env.emulator.addDirectory(files);
  const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
  const { id: batchId } = await env.llamacloud.createBatch({ sourceDirectoryId: directory.id, job });
  env.emulator.batches.finish(batchId);
  const input = {
    batchId,
    directoryId: directory.id,
    knownJobs: [] as JobReference[],
    resultsWaitMs: 20_000,
    unmappedWaitMs: 20_000,
  };
  /** Runs an attempt that has to fail. `lastSeconds` is an attempt after it, with too little time for another. */
  const failOnce = async () => {
    const context = createContext();
    const lastSeconds = { number: 2, deadlineMs: 4_000, heartbeatDetails: undefined as unknown };
    context.on('heartbeat', (details: unknown) => {
      lastSeconds.heartbeatDetails = details;
    });
    return { failure: await failureOf(runIn(context, env.activities.cancelJobs, input)), lastSeconds };
  };
  return {
    env,
    cancelJobs: env.activities.cancelJobs,
    input,
    failOnce,
    jobIds: env.emulator.jobs.list().map(({ id }) => id),
    posts: () => env.emulator.requests.filter(({ path }) => CANCEL.test(path)),
    statuses: () => env.emulator.jobs.list().map(({ status }) => status),
  };
}

const NOTHING_DONE = { cancelled: [], refused: [], open: [], filesWithoutJob: null, readSinceMs: Date.now() - 20_000 };

/** An attempt that has read the batch 20 s ago. */
const WAITED = { ageMs: 20_000, heartbeatDetails: { progress: NOTHING_DONE } };

describe('the jobs of a batch that can not be cancelled itself any more', () => {
  test('are cancelled where they have not ended', async () => {
    const { env, cancelJobs, input, jobIds, posts, statuses } = await start(3);
    env.emulator.jobs.setStatus(jobIds[0] ?? '', 'COMPLETED');
    expect(await run(cancelJobs, input)).toEqual({ cancelled: 2, notCancelled: [], filesWithoutJob: 0 });
    expect(statuses()).toEqual(['COMPLETED', 'CANCELLED', 'CANCELLED']);
    expect(posts()).toHaveLength(2);
  });

  test.each(<Fault[]>[{ kind: 'status', status: 500 }, { kind: 'status', status: 404 }, { kind: 'wrong-json' }])(
    'that the run knows are cancelled although the results cannot be read, and the others when they can: %j',
    async (fault) => {
      const { env, cancelJobs, input, jobIds, statuses, posts } = await start(3);
      const knownJobs = jobIds.slice(0, 2).map((id) => ({ id, type: 'parse_v2' as const }));
      env.emulator.faults.next({ ...fault, ...TARGETS.getBatch });
      const outcomes: unknown[][] = [];
      const cancelled = await runAttempts(cancelJobs, { ...input, knownJobs }, () => outcomes.push(statuses()));
      expect(outcomes[0]?.filter((status) => status === 'CANCELLED')).toHaveLength(2);
      expect(cancelled).toEqual({ cancelled: 3, notCancelled: [], filesWithoutJob: 0 });
      expect(posts()).toHaveLength(3);
    },
  );

  test('that the run knows and that could not be cancelled are named in the last seconds, although the results cannot be read', async () => {
    const { env, input, jobIds, failOnce, cancelJobs } = await start(2);
    env.emulator.faults.next({ kind: 'status', status: 500, ...TARGETS.getBatch, times: 100 });
    env.emulator.faults.next({ kind: 'status', status: 500, path: `/api/v2/parse/${jobIds[0]}/cancel`, times: 100 });
    input.knownJobs.push(...jobIds.map((id) => ({ id, type: 'parse_v2' as const })));
    const { lastSeconds } = await failOnce();
    const expected = { cancelled: 1, notCancelled: [jobIds[0]], filesWithoutJob: null };
    expect(await run(cancelJobs, input, lastSeconds)).toEqual(expected);
  });

  test('are asked once and counted once although their rows are repeated', async () => {
    const { env, cancelJobs, input, posts } = await start(3);
    env.emulator.batches.setResults(input.batchId, (rows) => [...(rows ?? []), ...(rows ?? [])]);
    env.emulator.faults.next({ kind: 'status', status: 409, ...TARGETS.cancelJob });
    const { cancelled, notCancelled } = await run(cancelJobs, input);
    expect([cancelled, notCancelled.length, posts().length]).toEqual([2, 1, 3]);
  });

  test('are all asked to stop where nobody says which have ended, and one that has is no refusal', async () => {
    const { env, cancelJobs, input, jobIds, posts } = await start(3);
    env.emulator.jobs.setStatus(jobIds[0] ?? '', 'COMPLETED');
    env.emulator.faults.next({ kind: 'status', status: 422, ...TARGETS.listJobs, times: 100 });
    expect(await run(cancelJobs, input)).toMatchObject({ notCancelled: [], filesWithoutJob: 0 });
    expect(posts()).toHaveLength(3);
  });

  test('are not asked further in an attempt that met 429, and the next cancels each once', async () => {
    const { env, cancelJobs, input, posts, statuses } = await start(60);
    env.emulator.faults.next({ kind: 'status', status: 429, ...TARGETS.cancelJob });
    const postsAfter: number[] = [];
    const cancelled = await runAttempts(cancelJobs, input, () => postsAfter.push(posts().length));
    // Ten are asked at a time.
    expect(postsAfter[0]).toBe(10);
    expect(postsAfter).toHaveLength(2);
    expect(cancelled).toEqual({ cancelled: 60, notCancelled: [], filesWithoutJob: 0 });
    expect(new Set(statuses())).toEqual(new Set(['CANCELLED']));
    expect(posts()).toHaveLength(61);
  });

  test.each(<Fault[]>[{ kind: 'status', status: 500 }, { kind: 'reset-before' }])(
    'are all asked although the cancel of one always fails, which is named in the last seconds: $kind',
    async (fault) => {
      const { env, cancelJobs, input, jobIds, posts, failOnce } = await start(30);
      const [failingId = ''] = jobIds;
      env.emulator.faults.next({ ...fault, path: `/api/v2/parse/${failingId}/cancel`, times: 100 });
      const { failure, lastSeconds } = await failOnce();
      expect(failure).toMatchObject({ type: 'ServiceUnavailable' });
      expect(posts()).toHaveLength(30);
      expect(env.emulator.jobs.running().map(({ id }) => id)).toEqual([failingId]);
      const before = env.emulator.requests.length;
      const expected = { cancelled: 29, notCancelled: [failingId], filesWithoutJob: 0 };
      expect(await run(cancelJobs, input, lastSeconds)).toEqual(expected);
      expect(env.emulator.requests).toHaveLength(before);
    },
  );

  test('are asked again at a time that leaves 10 s to name those that could not be cancelled', async () => {
    const { env, cancelJobs, input } = await start(1);
    env.emulator.faults.next({ kind: 'status', status: 503, ...TARGETS.cancelJob });
    const delayMs = delayOf(await failing(cancelJobs, input, { ageMs: 100_000, deadlineMs: 130_000 }));
    expect(delayMs).toBeLessThanOrEqual(19_000);
  });

  test('are all asked although each response is empty, and the next attempt sees that they have ended', async () => {
    const { env, cancelJobs, input, posts, statuses } = await start(30);
    env.emulator.faults.next({ kind: 'empty', ...TARGETS.cancelJob, times: 30 });
    expect(await failing(cancelJobs, input)).toMatchObject({ type: 'UnexpectedResponse', nonRetryable: false });
    expect(new Set(statuses())).toEqual(new Set(['CANCELLED']));
    expect(await run(cancelJobs, input)).toMatchObject({ notCancelled: [] });
    expect(posts()).toHaveLength(30);
  });

  test('are asked as fast as requests are limited, and those for which the time was too short are named', async () => {
    const { cancelJobs, input, posts, env } = await start(30, {}, { requestsPerSecond: 20 });
    // Ten take half a second, and then there is too little time.
    const { cancelled, notCancelled } = await run(cancelJobs, input, { deadlineMs: 10_400 });
    expect([cancelled, posts().length]).toEqual([10, 10]);
    expect(notCancelled.toSorted()).toEqual(
      env.emulator.jobs
        .running()
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  test('are asked together where requests are limited, so that slow responses cost no time', async () => {
    const { env, cancelJobs, input } = await start(4, {}, { requestsPerSecond: 4 });
    env.emulator.faults.next({ kind: 'delay', delayMs: 400, ...TARGETS.cancelJob, times: 4 });
    await run(cancelJobs, input);
    const asked = env.emulator.requests.filter(({ path }) => CANCEL.test(path)).map(({ atMs }) => atMs);
    expect(Math.max(...asked) - Math.min(...asked)).toBeLessThan(400);
  });

  test('are named where they are of an unknown type, since they can not be cancelled', async () => {
    const { env, cancelJobs, input, jobIds } = await start(2);
    env.emulator.jobs.setReferenceType(jobIds[0] ?? '', 'split_v1');
    expect(await run(cancelJobs, input)).toEqual({ cancelled: 1, notCancelled: [jobIds[0]], filesWithoutJob: 0 });
  });

  test('are cancelled although the list lacks them, however long, and named if LlamaCloud refuses', async () => {
    const { env, cancelJobs, input, statuses } = await start(3, { jobListLagMs: Number.POSITIVE_INFINITY });
    env.emulator.faults.next({ kind: 'status', status: 409, ...TARGETS.cancelJob });
    const { cancelled, notCancelled } = await run(cancelJobs, input, { ageMs: 90_000, deadlineMs: 180_000 });
    expect(cancelled).toBe(2);
    expect(notCancelled).toEqual(env.emulator.jobs.running().map(({ id }) => id));
    expect(statuses().filter((status) => status === 'CANCELLED')).toHaveLength(2);
  });

  test('are not asked in an attempt whose list met 429, and are named if it was the last', async () => {
    const { env, cancelJobs, input, jobIds, posts, failOnce } = await start(3);
    env.emulator.faults.next({ kind: 'status', status: 429, ...TARGETS.listJobs });
    const { failure, lastSeconds } = await failOnce();
    expect(failure).toMatchObject({ type: 'RateLimited', nonRetryable: false });
    expect(posts()).toHaveLength(0);
    const { notCancelled } = await run(cancelJobs, input, lastSeconds);
    expect(notCancelled.toSorted()).toEqual(jobIds.toSorted());
  });

  test('that still run although LlamaCloud refuses to cancel them are named, and asked once', async () => {
    const { env, cancelJobs, input, posts } = await start(3);
    const refusals = [400, 409, 503];
    for (const status of refusals) env.emulator.faults.next({ kind: 'status', status, ...TARGETS.cancelJob });
    const { cancelled, notCancelled } = await runAttempts(cancelJobs, input);
    expect(cancelled).toBe(1);
    expect(notCancelled).toHaveLength(2);
    const running = env.emulator.jobs.running().map(({ id }) => id);
    expect(notCancelled.toSorted()).toEqual(running.toSorted());
    expect(posts()).toHaveLength(4);
  });

  test.each([
    ['whose job', { lateJobsMs: Number.POSITIVE_INFINITY }, {}],
    ['whose row', { lateRowsMs: Number.POSITIVE_INFINITY }, {}],
    // The missing rows are on the second page of the list of files.
    ['whose row', { lateRowsMs: Number.POSITIVE_INFINITY, maxPageSize: 2 }, { requestsPerSecond: 1_000 }],
  ])('are waited for and cancelled of files %s comes late: %j, %j', async (_, late, options) => {
    const { env, cancelJobs, input, statuses } = await start(4, late, options);
    const failure = await failing(cancelJobs, input);
    expect(failure).toMatchObject({ type: 'BatchNotReady', category: 'BENIGN' });
    expect(failure.message).toContain('2 files without a job');
    env.emulator.configure({ lateJobsMs: 0, lateRowsMs: 0 });
    expect(await run(cancelJobs, input)).toMatchObject({ notCancelled: [], filesWithoutJob: 0 });
    expect(new Set(statuses())).toEqual(new Set(['CANCELLED']));
  });

  test('are waited for while the files of the directory can not be listed', async () => {
    const { env, cancelJobs, input } = await start(2);
    env.emulator.faults.next({ kind: 'status', status: 503, ...TARGETS.listFiles, times: 2 });
    expect((await failing(cancelJobs, input)).message).toContain('not all of its files are known');
    expect(await run(cancelJobs, input, WAITED)).toMatchObject({ filesWithoutJob: 0 });
    expect(env.emulator.faults.planned).toBe(0);
  });

  test('are not waited for longer than asked, and then it is said how many files have none', async () => {
    const { cancelJobs, input } = await start(4, { lateJobsMs: Number.POSITIVE_INFINITY });
    expect(await run(cancelJobs, { ...input, resultsWaitMs: 0, unmappedWaitMs: 0 })).toEqual({
      cancelled: 2,
      notCancelled: [],
      filesWithoutJob: 2,
    });
    const lastSeconds = { deadlineMs: 4_000 };
    expect(await run(cancelJobs, input, lastSeconds)).toMatchObject({ filesWithoutJob: 2 });
  });

  test('are not known where there are no results', async () => {
    const { cancelJobs, input } = await start(4, { resultsNullMs: Number.POSITIVE_INFINITY });
    expect((await failing(cancelJobs, input)).message).toContain('has no results yet');
    expect(await run(cancelJobs, input, WAITED)).toEqual({ cancelled: 0, notCancelled: [], filesWithoutJob: null });
  });

  test('are waited for longer while there are no results than while files have none', async () => {
    const { env, cancelJobs, input } = await start(2, { resultsNullMs: HOUR, lateJobsMs: HOUR, lateRowsShare: 1 });
    const waits = { ...input, resultsWaitMs: HOUR, unmappedWaitMs: 5_000 };
    expect((await failing(cancelJobs, waits, WAITED)).message).toContain('has no results yet');
    env.emulator.configure({ resultsNullMs: 0 });
    expect(await run(cancelJobs, waits, WAITED)).toEqual({ cancelled: 0, notCancelled: [], filesWithoutJob: 2 });
  });

  test('are cancelled without results where the run knows them', async () => {
    const { cancelJobs, input, jobIds } = await start(3, { resultsNullMs: Number.POSITIVE_INFINITY });
    const known = { ...input, knownJobs: jobIds.slice(0, 2).map((id) => ({ id, type: 'parse_v2' as const })) };
    expect(await run(cancelJobs, known, WAITED)).toEqual({ cancelled: 2, notCancelled: [], filesWithoutJob: null });
  });

  test('are waited for also after an outage that was longer than the wait', async () => {
    const { env, cancelJobs, input } = await start(4, { resultsNullMs: Number.POSITIVE_INFINITY });
    env.emulator.faults.next({ kind: 'status', status: 503, ...TARGETS.getBatch });
    expect(await failing(cancelJobs, input, { ageMs: 20_000 })).toMatchObject({ type: 'ServiceUnavailable' });
    expect((await failing(cancelJobs, input, { ageMs: 31_000 })).message).toContain('has no results yet');
  });
});
