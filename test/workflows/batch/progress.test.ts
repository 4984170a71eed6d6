import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BatchProgress } from '../../../src/index.js';
import { settledCount } from '../../../src/protocol/index.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { mapFiles, startRun } from './support.js';

const HOUR = 3_600_000;

/** The counts of a progress agree with each other. */
function expectConsistent({ files, running, jobsEnded, lastFailures }: BatchProgress): void {
  expect(settledCount(files) + running).toBeLessThanOrEqual(files.total);
  expect(files.completed).toBeLessThanOrEqual(jobsEnded);
  expect(jobsEnded).toBeLessThanOrEqual(files.total);
  expect(lastFailures.length).toBeLessThanOrEqual(files.failed + files.cancelled);
}

/** Batches here end when the test says so. */
describe('the progress of a run, on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { batchRunningMs: HOUR } });
  });

  afterEach(() => {
    env.emulator.configure({ jobRunningMs: 0 });
  });

  afterAll(() => env?.close());

  test('shows how many files the directory has while LlamaCloud works, with the status first', async () => {
    const { run, untilWaiting } = await startRun(env, 4);
    await untilWaiting();
    expect(await run.progress()).toMatchObject({ directoryFileCount: 4, jobsEnded: 0, files: { total: 0 } });
    const details = await env.details(run.workflowId);
    expect(details).toContain('| Files in the directory\u2003 | 4 |');
    expect(details).toMatch(/\| --- \| --- \|\n\| Status\u2003 \| `[A-Z]+` \|\n\| Batch\u2003 \| `bat-/);
    await run.cancel();
  });

  test('shows how many jobs have ended, also before their documents are collected', async () => {
    env.emulator.configure({ jobRunningMs: HOUR });
    const started = await startRun(env, 4, { maxConcurrentJobs: 1, child: { workflowType: 'holdDocument' } });
    const { run, batch, jobs } = started;
    await mapFiles(env, started, 'RUNNING');
    env.emulator.batches.setStatus(batch.id, 'COMPLETED');
    await until('the jobs to be waited for', async () => (await run.progress()).files.total === 4);
    expect(await run.progress()).toMatchObject({ jobsEnded: 0, running: 0 });
    for (const { id } of jobs().slice(0, 3)) env.emulator.jobs.finish(id);
    await until('three jobs to have ended', async () => (await run.progress()).jobsEnded === 3);
    const progress = await run.progress();
    expect(progress).toMatchObject({ running: 1, files: { completed: 0, total: 4 } });
    expectConsistent(progress);
    expect(await env.details(run.workflowId)).toContain('| Jobs ended\u2003 | 3 |');
    await run.cancel();
  });

  test('has counts that agree at every moment, over several pages', async () => {
    const broken = Array.from({ length: 3 }, (_, i) => ({ name: `broken-${i}.pdf`, content: '' }));
    const { id } = await env.emulator.addDirectory([...files(9), ...broken]);
    const run = await env.batches.start({ ...parseInput(id), pageSize: 5, maxConcurrentJobs: 3 });
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    const phases = new Set<string>();
    // Without a pause, so that it sees as many moments as there can be.
    let last: BatchProgress;
    do {
      last = await run.progress();
      expectConsistent(last);
      phases.add(last.phase);
    } while (last.failure === null && last.phase !== 'completed');
    expect(phases.size).toBeGreaterThan(1);
    expect(last).toMatchObject({ running: 0, files: { total: 12, completed: 9, failed: 3 }, jobsEnded: 12 });
  });

  test.each<[string, string, object, (started: Awaited<ReturnType<typeof startRun>>) => Promise<unknown> | undefined]>([
    ['was cancelled', 'cancelled', {}, ({ run }) => run.cancel()],
    ['passed its deadline', 'failed', { timeout: '20 seconds' }, () => undefined],
    [
      'was cancelled while its jobs ran',
      'cancelled',
      { maxConcurrentJobs: 1 },
      async (started) => {
        await mapFiles(env, started, 'RUNNING');
        env.emulator.batches.setStatus(started.batch.id, 'COMPLETED');
        await until('the jobs', async () => (await started.run.progress()).phase === 'processing');
        env.emulator.jobs.finish(started.jobs()[0]?.id ?? '');
        await until('a document', async () => (await started.run.progress()).files.completed === 1);
        await started.run.cancel();
      },
    ],
  ])('of a run that %s says that it is %s, and its counts add up', async (_, phase, options, act) => {
    env.emulator.configure({ jobRunningMs: HOUR });
    const started = await startRun(env, 3, options);
    await started.untilWaiting();
    await act(started);
    await started.run.result().catch(() => undefined);
    const progress = await started.run.progress();
    expect(progress).toMatchObject({ phase, running: 0, failure: { message: expect.stringContaining('bat-') } });
    expect(settledCount(progress.files)).toBe(progress.files.total);
    expectConsistent(progress);
    expect((await started.run.report())?.files).toEqual(progress.files);
    expect(await env.details(started.run.workflowId)).toMatch(/^### (Cancelled|Failed)\n/);
  });
});
