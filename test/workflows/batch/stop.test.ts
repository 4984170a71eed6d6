import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isFailure } from '../../../src/index.js';
import { ADVERSE_CONDITIONS, TARGETS } from '../../../src/testing/index.js';
import { failureOf, reportIn } from '../../support/failure.js';
import { readLogged } from '../../support/logged.js';
import { openNamespace } from '../../support/namespace.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { mapFiles, startRun } from './support.js';

const HOUR = 3_600_000;

/** Batches here end when the test says so. */
describe('stopping a run, on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { batchRunningMs: HOUR } });
  });

  afterEach(() => {
    env.emulator.faults.clear();
    env.emulator.configure({
      jobsContinueAfterCancel: false,
      jobRunningMs: 0,
      cancelledResultsNullMs: 0,
      batchCancelMs: 200,
      ...ADVERSE_CONDITIONS,
    });
  });

  afterAll(() => env?.close());

  const cancelAndWait = async (run: { cancel(): Promise<void>; result(): Promise<unknown> }) => {
    const startedMs = performance.now();
    await run.cancel();
    const failure = await failureOf(run.result());
    expect(failure.name).toBe('CancelledFailure');
    return performance.now() - startedMs;
  };

  test('a cancel of a RUNNING batch takes seconds, even where its files get neither a job nor an error', async () => {
    const started = await startRun(env, 3);
    env.emulator.batches.setResults(
      started.batch.id,
      (rows) => rows?.map((row) => ({ ...row, job_reference: null, error_message: null })) ?? null,
    );
    await started.untilWaiting();
    const tookMs = await cancelAndWait(started.run);
    expect(tookMs).toBeLessThan(60_000);
    expect(started.status()).toBe('CANCELLED');
    expect((await started.run.progress()).failure?.message).toContain('3 files had no job when the run stopped');
  });

  test.each([
    ['have no job yet', { lateRowsMs: 0, lateJobsMs: 3_000 }],
    ['have no row yet', { lateRowsMs: 3_000, lateJobsMs: 0 }],
  ])('jobs of files that %s when the batch is CANCELLED are cancelled as well', async (_, late) => {
    env.emulator.configure({ jobsContinueAfterCancel: true, jobRunningMs: HOUR, lateRowsShare: 0.5, ...late });
    const started = await startRun(env, 4);
    await mapFiles(env, started, 'RUNNING');
    await started.untilWaiting();
    env.emulator.batches.setStatus(started.batch.id, null);
    env.emulator.batches.setStatus(started.batch.id, 'RUNNING');
    await started.run.cancel();
    await until('the batch to be asked to stop', () =>
      env.emulator.requests.some(({ path }) => path === `/api/v2/batches/${started.batch.id}/cancel`),
    );
    env.emulator.batches.setStatus(started.batch.id, null);
    await failureOf(started.run.result());
    expect(started.running()).toEqual([]);
    expect((await started.run.report())?.files).toMatchObject({ total: 4, cancelled: 4 });
  });

  test('documents whose results come 7 s after CANCELLED are collected and reported', async () => {
    env.emulator.configure({ cancelledResultsNullMs: 7_000 });
    const started = await startRun(env, 3);
    await mapFiles(env, started);
    await started.untilWaiting();
    await started.run.cancel();
    await until('the batch to be asked to stop', () =>
      env.emulator.requests.some(({ path }) => path === `/api/v2/batches/${started.batch.id}/cancel`),
    );
    env.emulator.batches.setStatus(started.batch.id, null);
    await failureOf(started.run.result());
    const report = await started.run.report();
    expect(report?.files).toMatchObject({ total: 3, completed: 3 });
    expect(await env.manifest(report?.manifest ?? null)).toHaveLength(3);
  });

  test('what had finished is collected when the run is cancelled in the middle, also of children that were running', async () => {
    const started = await startRun(env, 5, { maxConcurrentJobs: 2 });
    await mapFiles(env, started);
    env.emulator.faults.next({ kind: 'delay', delayMs: HOUR, ...TARGETS.getJob, times: 2 });
    env.emulator.batches.setStatus(started.batch.id, 'COMPLETED');
    await until('two open children', async () => (await started.run.progress()).running === 2);
    await until('their requests', () => env.emulator.faults.planned === 0);
    await cancelAndWait(started.run);
    const report = await started.run.report();
    expect(report?.files).toMatchObject({ total: 5, completed: 5 });
    expect((await env.manifest(report?.manifest ?? null)).filter(({ status }) => status === 'COMPLETED')).toHaveLength(
      5,
    );
  });

  test("no child of the caller's own is started any more, and one that never ends holds nothing up", async () => {
    const started = await startRun(env, 5, { maxConcurrentJobs: 2, child: { workflowType: 'holdDocument' } });
    await mapFiles(env, started);
    env.emulator.batches.setStatus(started.batch.id, 'COMPLETED');
    await until('two open children', async () => (await started.run.progress()).running === 2);
    await cancelAndWait(started.run);
    const events = await env.history(started.run.workflowId);
    const children = events.map(
      (event) => event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name,
    );
    expect(children.filter((type) => type === 'holdDocument')).toHaveLength(2);
    const report = await started.run.report();
    expect(report?.files).toMatchObject({ total: 5, completed: 0, skipped: 5 });
    expect(await env.manifest(report?.manifest ?? null)).toHaveLength(5);
  });

  test('jobs that LlamaCloud refuses to cancel are named, and their documents are collected if they end soon', async () => {
    env.emulator.configure({ jobRunningMs: HOUR });
    const started = await startRun(env, 2);
    await mapFiles(env, started, 'RUNNING');
    env.emulator.batches.setStatus(started.batch.id, 'COMPLETED');
    await until('the run to wait for the jobs', async () => (await started.run.progress()).phase === 'processing');
    env.emulator.faults.next({ kind: 'status', status: 409, ...TARGETS.cancelJob, times: 2 });
    await started.run.cancel();
    await until('the documents to be waited for', async () => {
      if (env.emulator.faults.planned > 0) return false;
      const events = await env.history(started.run.workflowId);
      return (
        events.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'waitForJobs')
          .length > 1
      );
    });
    for (const { id } of started.jobs()) env.emulator.jobs.finish(id);
    await failureOf(started.run.result());
    const { failure, files } = await started.run.progress();
    expect(failure?.message).toMatch(/; 2 jobs could not be cancelled \(pjb-[^ ]+, pjb-[^ ]+\)$/);
    expect(files.completed).toBe(2);
  });

  test('a run out of time while its results are null ends soon after, and says what could not be cancelled', async () => {
    env.emulator.configure({ resultsNullMs: HOUR });
    const started = await startRun(env, 2, { timeout: '25 seconds', resultsGracePeriod: '3 seconds' });
    env.emulator.batches.finish(started.batch.id);
    const failure = await failureOf(started.run.result());
    env.emulator.configure({ resultsNullMs: 0 });
    expect(isFailure(failure, 'BatchTimedOut')).toBe(true);
    expect(failure.message).toContain('; LlamaCloud returned no results, so other jobs of the batch, if any');
    expect(reportIn(failure)).toMatchObject({ status: 'COMPLETED', manifest: null });
    expect(readLogged().join()).toContain('other jobs of the batch, if any, could not be cancelled');
  });

  test('a run whose results are null again cancels the jobs that it knows, and collects what had finished', async () => {
    env.emulator.configure({ jobRunningMs: HOUR });
    const started = await startRun(env, 3, { resultsGracePeriod: '1 second' });
    await mapFiles(env, started, 'RUNNING');
    env.emulator.batches.setStatus(started.batch.id, 'COMPLETED');
    await until('the run to wait for the jobs', async () => (await started.run.progress()).phase === 'processing');
    env.emulator.batches.setResults(started.batch.id, () => null);
    env.emulator.faults.next({ kind: 'delay', delayMs: HOUR, ...TARGETS.getJob });
    env.emulator.jobs.finish(started.jobs()[0]?.id ?? '');
    await until('a document to be collected', () => env.emulator.faults.planned === 0);
    await cancelAndWait(started.run);
    expect(started.running()).toEqual([]);
    const { files, failure } = await started.run.progress();
    expect(files).toMatchObject({ total: 3, completed: 1, cancelled: 2 });
    expect(failure?.message).toContain('2 jobs of the batch were cancelled; LlamaCloud returned no results');
  });

  test('a batch that is CANCELLED with null results after it was COMPLETED ends the run', async () => {
    env.emulator.configure({ resultsNullMs: HOUR, cancelledResultsNullMs: HOUR });
    const started = await startRun(env, 2, { resultsGracePeriod: '3 seconds' });
    env.emulator.batches.finish(started.batch.id);
    await until('the results to be read', async () => (await started.run.progress()).phase === 'expanding');
    env.emulator.batches.setStatus(started.batch.id, 'CANCELLED');
    const failure = await failureOf(started.run.result());
    env.emulator.configure({ resultsNullMs: 0 });
    expect(isFailure(failure, 'BatchCancelled')).toBe(true);
    expect(reportIn(failure)).toMatchObject({ status: 'CANCELLED', files: { completed: 0 } });
  });

  test('a batch that is found FAILED when its results are read fails the run, with that status', async () => {
    env.emulator.configure({ resultsNullMs: HOUR });
    const started = await startRun(env, 2);
    env.emulator.batches.finish(started.batch.id);
    await until('the results to be read', async () => (await started.run.progress()).phase === 'expanding');
    env.emulator.batches.setStatus(started.batch.id, 'FAILED');
    const failure = await failureOf(started.run.result());
    env.emulator.configure({ resultsNullMs: 0 });
    expect(isFailure(failure, 'BatchFailed')).toBe(true);
    expect(failure.message).toContain('Starting again creates, and bills, a new batch.');
    expect(reportIn(failure)).toMatchObject({ status: 'FAILED', files: { completed: 0 } });
  });
});
