import { describe, expect, test } from 'vitest';
import { type EmulatorOptions, TARGETS } from '../../../src/testing/emulator/index.js';
import { failing, run, runAttempts, startActivityEnvironment } from '../support.js';

const HOUR = 3_600_000;
const CANCEL = TARGETS.cancelJob.path;

/** A COMPLETED batch over so many files, whose jobs run. */
async function start(count: number, emulator: EmulatorOptions = {}) {
  const env = await startActivityEnvironment({
    emulator: { lateRowsMs: 0, lateJobsMs: 0, jobRunningMs: HOUR, ...emulator },
  });
  const files = Array.from({ length: count }, (_, i) => ({ name: `${i}.md`, content: `# ${i}\n` }));
  const directory = await env.emulator.addDirectory(files);
  const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
  const { id: batchId } = await env.llamacloud.createBatch({ sourceDirectoryId: directory.id, job });
  env.emulator.batches.finish(batchId);
  return {
    env,
    cancelJobs: env.activities.cancelJobs,
    input: { batchId, directoryId: directory.id, waitMs: 20_000 },
    jobIds: env.emulator.jobs.list().map(({ id }) => id),
    posts: () => env.emulator.requests.filter(({ path }) => CANCEL.test(path)),
    statuses: () => env.emulator.jobs.list().map(({ status }) => status),
  };
}

/** An attempt that has read the batch 20 s ago. */
const WAITED = {
  ageMs: 20_000,
  heartbeatDetails: { progress: { cancelled: [], refused: [], readSinceMs: Date.now() - 20_000 } },
};

describe('the jobs of a batch that can not be cancelled itself any more', () => {
  test('are cancelled where they have not ended', async () => {
    const { env, cancelJobs, input, jobIds, posts, statuses } = await start(3);
    env.emulator.jobs.setStatus(jobIds[0] ?? '', 'COMPLETED');
    expect(await run(cancelJobs, input)).toEqual({ cancelled: 2, refused: [], filesWithoutJob: 0 });
    expect(statuses()).toEqual(['COMPLETED', 'CANCELLED', 'CANCELLED']);
    expect(posts()).toHaveLength(2);
  });

  test('are asked once and counted once although their rows are repeated', async () => {
    const { env, cancelJobs, input, posts } = await start(3);
    env.emulator.batches.setResults(input.batchId, (rows) => [...(rows ?? []), ...(rows ?? [])]);
    env.emulator.faults.next({ kind: 'status', status: 409, ...TARGETS.cancelJob });
    const { cancelled, refused } = await run(cancelJobs, input);
    expect([cancelled, refused.length, posts().length]).toEqual([2, 1, 3]);
  });

  test('are all asked to stop where nobody says which have ended, and one that has is no refusal', async () => {
    const { env, cancelJobs, input, jobIds, posts } = await start(3);
    env.emulator.jobs.setStatus(jobIds[0] ?? '', 'COMPLETED');
    env.emulator.faults.next({ kind: 'status', status: 422, ...TARGETS.listJobs, times: 100 });
    expect(await run(cancelJobs, input)).toMatchObject({ refused: [], filesWithoutJob: 0 });
    expect(posts()).toHaveLength(3);
  });

  test.each([429, 503])(
    'are not asked further in an attempt that met %d, and the next cancels each once',
    async (status) => {
      const { env, cancelJobs, input, posts, statuses } = await start(60);
      env.emulator.faults.next({ kind: 'status', status, ...TARGETS.cancelJob });
      const postsAfter: number[] = [];
      const cancelled = await runAttempts(cancelJobs, input, () => postsAfter.push(posts().length));
      // A portion of ten is under way when the first is rejected.
      expect(postsAfter[0]).toBeLessThanOrEqual(10);
      expect(postsAfter).toHaveLength(2);
      expect(cancelled).toEqual({ cancelled: 60, refused: [], filesWithoutJob: 0 });
      expect(new Set(statuses())).toEqual(new Set(['CANCELLED']));
      expect(posts()).toHaveLength(61);
    },
  );

  test('are cancelled although the list lacks them, however long, and named if LlamaCloud refuses', async () => {
    const { env, cancelJobs, input, statuses } = await start(3, { jobListLagMs: Number.POSITIVE_INFINITY });
    env.emulator.faults.next({ kind: 'status', status: 409, ...TARGETS.cancelJob });
    const { cancelled, refused } = await run(cancelJobs, input, { ageMs: 90_000, deadlineMs: 180_000 });
    expect(cancelled).toBe(2);
    expect(refused).toEqual(env.emulator.jobs.running().map(({ id }) => id));
    expect(statuses().filter((status) => status === 'CANCELLED')).toHaveLength(2);
  });

  test('are not asked in an attempt whose list met 429', async () => {
    const { env, cancelJobs, input, posts } = await start(3);
    env.emulator.faults.next({ kind: 'status', status: 429, ...TARGETS.listJobs });
    expect(await failing(cancelJobs, input)).toMatchObject({ type: 'RateLimited', nonRetryable: false });
    expect(posts()).toHaveLength(0);
  });

  test('that still run although LlamaCloud refuses to cancel them are named, and asked once', async () => {
    const { env, cancelJobs, input, posts } = await start(3);
    const refusals = [400, 409, 503];
    for (const status of refusals) env.emulator.faults.next({ kind: 'status', status, ...TARGETS.cancelJob });
    const { cancelled, refused } = await runAttempts(cancelJobs, input);
    expect(cancelled).toBe(1);
    expect(refused).toHaveLength(2);
    const running = env.emulator.jobs.running().map(({ id }) => id);
    expect(refused.toSorted()).toEqual(running.toSorted());
    expect(posts()).toHaveLength(4);
  });

  test.each([
    ['whose job', { lateJobsMs: 300 }],
    ['whose row', { lateRowsMs: 300 }],
  ])('are waited for and cancelled of files %s comes late', async (_, late) => {
    const { cancelJobs, input, statuses } = await start(4, late);
    const failure = await failing(cancelJobs, input);
    expect(failure).toMatchObject({ type: 'BatchNotReady', category: 'BENIGN' });
    expect(failure.message).toContain('2 files without a job');
    expect(await runAttempts(cancelJobs, input)).toMatchObject({ refused: [], filesWithoutJob: 0 });
    expect(new Set(statuses())).toEqual(new Set(['CANCELLED']));
  });

  test('are not waited for longer than asked, and then it is said how many files have none', async () => {
    const { cancelJobs, input } = await start(4, { lateJobsMs: Number.POSITIVE_INFINITY });
    expect(await run(cancelJobs, { ...input, waitMs: 0 })).toEqual({ cancelled: 2, refused: [], filesWithoutJob: 2 });
    const lastSeconds = { deadlineMs: 4_000 };
    expect(await run(cancelJobs, input, lastSeconds)).toMatchObject({ filesWithoutJob: 2 });
  });

  test('are not known where there are no results', async () => {
    const { cancelJobs, input } = await start(4, { resultsNullMs: Number.POSITIVE_INFINITY });
    expect((await failing(cancelJobs, input)).message).toContain('has no results yet');
    expect(await run(cancelJobs, input, WAITED)).toEqual({ cancelled: 0, refused: [], filesWithoutJob: null });
  });

  test('are waited for also after an outage that was longer than the wait', async () => {
    const { env, cancelJobs, input } = await start(4, { resultsNullMs: Number.POSITIVE_INFINITY });
    env.emulator.faults.next({ kind: 'status', status: 503, ...TARGETS.getBatch });
    expect(await failing(cancelJobs, input, { ageMs: 20_000 })).toMatchObject({ type: 'ServiceUnavailable' });
    expect((await failing(cancelJobs, input, { ageMs: 31_000 })).message).toContain('has no results yet');
  });
});
