import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentKey } from '../../../src/activities/support/output-keys.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;

describe('jobs that end after their batch, on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    // Nothing ends by itself.
    env = await startTestEnvironment(await openNamespace(), { emulator: { batchRunningMs: HOUR, jobRunningMs: HOUR } });
  });

  afterAll(() => env?.close());

  /** A run over so many files, whose batch exists. */
  async function start(count: number, input: object = {}) {
    const { id } = await env.emulator.addDirectory(files(count));
    const asked = env.emulator.requests.length;
    const run = await env.batches.start({ ...parseInput(id), ...input });
    const batch = await env.untilCreated(id);
    const jobOf = (file: number) => {
      const found = env.emulator.batches.list().find((each) => each.id === batch.id)?.files[file]?.jobId;
      if (found == null) throw new Error(`file ${file} has no job`);
      return found;
    };
    return {
      run,
      batch,
      jobOf,
      finish: (...numbers: number[]) => {
        for (const number of numbers) env.emulator.jobs.setStatus(jobOf(number), 'COMPLETED');
      },
      requests: () => env.emulator.requests.slice(asked),
      collected: () => env.emulator.requests.slice(asked).filter(({ path }) => /\/parse\/[^/]+$/.test(path)),
      completed: (number: number) => async () => (await run.progress()).files.completed === number,
    };
  }

  test('a child starts when its job has ended, costs one request, and holds up no other', async () => {
    const { run, batch, finish, collected, completed, requests } = await start(8, { maxConcurrentJobs: 2 });
    env.emulator.batches.finish(batch.id);
    await until('the jobs to be waited for', async () => (await run.progress()).phase === 'processing');
    expect((await run.progress()).running).toBe(0);
    finish(7);
    await until('the last file', completed(1));
    finish(2, 3);
    await until('two more', completed(3));
    expect(collected()).toHaveLength(3);
    expect((await run.progress()).running).toBe(0);
    finish(...Array.from({ length: 8 }, (_, i) => i));
    expect((await run.result()).files).toMatchObject({ total: 8, completed: 8 });
    expect(collected()).toHaveLength(8);
    // One request asks for all jobs.
    const lists = requests().filter(({ path }) => path === '/api/v2/parse');
    expect(lists[0]?.query.job_ids).toHaveLength(8);
  });

  test('a job of two files is collected for each of them', async () => {
    const { run, batch, jobOf, finish } = await start(3);
    env.emulator.batches.setResults(batch.id, (rows) =>
      (rows ?? []).map((row) => ({ ...row, job_reference: { type: 'parse_v2', id: jobOf(0) } })),
    );
    env.emulator.batches.finish(batch.id);
    finish(0, 1, 2);
    const report = await run.result();
    expect(report.files).toMatchObject({ total: 3, completed: 3 });
    const lines = await env.manifest(report.manifest);
    expect(lines.map(({ output }) => output).sort()).toEqual(
      batch.files.map((file) => join(env.output, ...documentKey(batch.id, file, 'markdown'))).sort(),
    );
  });

  test('a child is one workflow task, and an activity only where it has to be tried again', async () => {
    const { run, batch, finish, jobOf } = await start(2);
    env.emulator.faults.next({ kind: 'status', status: 500, path: `/api/v2/parse/${jobOf(1)}` });
    env.emulator.batches.finish(batch.id);
    finish(0, 1);
    expect((await run.result()).files.completed).toBe(2);
    const [plain, retried] = await Promise.all(
      batch.files.map(({ fileId }) => env.history(`${run.workflowId}/${fileId}`)),
    );
    expect(plain?.filter((event) => event.workflowTaskCompletedEventAttributes)).toHaveLength(1);
    expect(plain?.some((event) => event.activityTaskScheduledEventAttributes)).toBe(false);
    expect(retried?.filter((event) => event.activityTaskScheduledEventAttributes)).toHaveLength(1);
    const [first, second] = env.emulator.requests.filter(({ path }) => path.endsWith(jobOf(1)));
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  test('a child starts as soon as there is a job for it and room, and a slow one holds up no other', async () => {
    const { run, batch, finish } = await start(4, { maxConcurrentJobs: 3, child: { workflowType: 'holdDocument' } });
    const running = (count: number) => async () => (await run.progress()).running === count;
    env.emulator.batches.finish(batch.id);
    await until('the jobs to be waited for', async () => (await run.progress()).phase === 'processing');
    finish(0);
    await until('one child', running(1));
    finish(1, 2);
    await until('three children', running(3));
    finish(3);
    for (const { fileId } of batch.files.slice(0, 3))
      await env.client.workflow.getHandle(`${run.workflowId}/${fileId}`).signal('release');
    await until('the last child', async () => {
      const { files, running } = await run.progress();
      return files.completed === 3 && running === 1;
    });
    await env.client.workflow.getHandle(`${run.workflowId}/${batch.files[3]?.fileId}`).signal('release');
    expect((await run.result()).files.completed).toBe(4);
  });

  test.each([
    ['cancelled', {}],
    ['out of time', { timeout: '25 seconds' }],
  ])('a run that is stopped while its jobs run lists what it has: %s', async (how, input) => {
    const { run, batch, finish, completed } = await start(5, input);
    env.emulator.batches.finish(batch.id);
    finish(0);
    await until('a document', completed(1));
    if (how === 'cancelled') await run.cancel();
    await failureOf(run.result());
    const report = await run.report();
    expect(report?.files).toEqual({ total: 5, completed: 1, failed: 0, cancelled: 4, skipped: 0 });
    expect((await env.manifest(report?.manifest ?? null)).map(({ status }) => status).sort()).toEqual([
      ...Array(4).fill('CANCELLED'),
      'COMPLETED',
    ]);
  });

  test('jobs that can not be listed any more are polled one by one', async () => {
    const { run, batch, finish } = await start(3);
    env.emulator.batches.finish(batch.id);
    await until('the jobs to be waited for', async () => (await run.progress()).phase === 'processing');
    env.emulator.faults.next({ kind: 'status', status: 410, path: '/api/v2/parse' });
    await until('the children', async () => (await run.progress()).running === 3);
    finish(0, 1, 2);
    expect((await run.result()).files).toMatchObject({ total: 3, completed: 3 });
  });
});
