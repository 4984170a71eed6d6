import { WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isFailure } from '../../src/index.js';
import { startTimeSkippingTemporal, type TimeSkippingTemporal } from '../../src/testing/index.js';
import { failureOf } from '../support/failure.js';
import { files, parse, type Stage, setStage } from '../support/stage.js';
import { until } from '../support/until.js';

const DAY = 24 * 3_600_000;

/** One server, whose time is one for all its runs: one test after the other. */
describe('waiting, on the time-skipping server', () => {
  let temporal: TimeSkippingTemporal;
  let stage: Stage;

  beforeAll(async () => {
    temporal = await startTimeSkippingTemporal();
    stage = await setStage(temporal, { emulator: { batchRunningMs: DAY } });
  });

  afterAll(async () => {
    await stage?.close();
    await temporal?.close();
  });

  // A run left behind would go on looking through every hour that the next test skips.
  afterEach(async () => {
    const left = stage.client.workflow.getHandle(workflowId);
    await left.terminate().catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
  });

  let workflowId = '';
  const start = async (options: object = {}) => {
    const { id } = await stage.emulator.addDirectory(files(1));
    const run = await stage.batches.start({ ...parse(id), ...options });
    workflowId = run.workflowId;
    return { run, batch: await stage.created(id) };
  };

  test('24 hours pass in under a second, and the wait costs fewer than 25 events', async () => {
    // Fewer looks than by default: each is a request over HTTP, and takes some milliseconds of real time.
    const { run, batch } = await start({ poll: { backoffCoefficient: 2, maximumInterval: '1 hour' } });
    await until('the wait to begin', async () => (await run.progress()).batchStatus === 'RUNNING');
    const requests = stage.emulator.requests.length;
    const started = performance.now();
    await temporal.env.sleep('24 hours');
    const tookMs = performance.now() - started;
    const looks = stage.emulator.requests.length - requests;
    stage.emulator.batches.finish(batch.id);
    await run.result();
    // From the batch's creation until its results are read.
    const events = await stage.history(run.workflowId);
    const scheduled = (name: string) =>
      events.findIndex((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === name);
    expect(scheduled('readResults') - scheduled('createBatch')).toBeLessThan(25);
    expect(looks).toBeGreaterThan(24);
    expect(tookMs).toBeLessThan(1_000);
  });

  // 93 by arithmetic, which has a test of its own; this server tells the activity the time of the look before, hence a few more.
  test('an hour of waiting costs about 100 requests, by default', async () => {
    const { run, batch } = await start();
    const requests = stage.emulator.requests.length;
    await temporal.env.sleep('1 hour');
    const looks = stage.emulator.requests.length - requests;
    expect(looks).toBeGreaterThan(50);
    expect(looks).toBeLessThan(110);
    stage.emulator.batches.finish(batch.id);
    await run.result();
  });

  test('a job that never ends fails its file after its time, and the run goes on', async () => {
    const { run, batch } = await start({ jobTimeout: '2 hours' });
    stage.emulator.batches.finish(batch.id);
    for (const job of stage.emulator.jobs.list())
      if (job.batchId === batch.id) stage.emulator.jobs.setStatus(job.id, 'RUNNING');
    const report = await run.result();
    expect(report.files).toMatchObject({ completed: 0, failed: 1 });
    expect(report.failures).toMatchObject([{ type: 'JobTimedOut' }]);
    const events = await stage.history(run.workflowId);
    const atMs = (name: 'activityTaskCompletedEventAttributes' | 'childWorkflowExecutionFailedEventAttributes') =>
      Number(events.find((event) => event[name])?.eventTime?.seconds) * 1_000;
    const waitedMs = atMs('childWorkflowExecutionFailedEventAttributes') - atMs('activityTaskCompletedEventAttributes');
    expect(waitedMs / 3_600_000).toBeCloseTo(2, 1);
  });

  test('a batch that never ends is cancelled after a week', async () => {
    const { run, batch } = await start({ poll: { maximumInterval: '1 hour' } });
    const failure = await failureOf(run.result());
    expect(isFailure(failure, 'BatchTimedOut')).toBe(true);
    expect(stage.emulator.batches.list().find((each) => each.id === batch.id)?.status).toBe('CANCELLED');
  });

  test('a file that gets neither a job nor an error is a failed file after the grace period', async () => {
    const { run, batch } = await start();
    stage.emulator.batches.setResults(
      batch.id,
      (rows) => rows?.map((row) => ({ ...row, job_reference: null })) ?? null,
    );
    stage.emulator.batches.finish(batch.id);
    const report = await run.result();
    expect(report.failures).toMatchObject([{ type: 'FileNotMapped' }]);
  });
});
