import { Context } from '@temporalio/activity';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Fault, TARGETS } from '../../../src/testing/index.js';
import { resetWorkflow, untilEnded } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { readLogged } from '../../support/logged.js';
import { openNamespace } from '../../support/namespace.js';
import { type FailedBatch, startFailedBatch } from '../../support/redrives.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('one new job for a failed one', () => {
  let env: TestEnvironment;
  /** Replaces what the worker does after its next POSTs. */
  let lose: (() => Promise<never>) | null = null;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), {
      // The list shows a job later than the worker looks first, and sooner than it gives up.
      emulator: { batchRunningMs: 3_600_000, jobListLagMs: 1_500 },
      activities: ({ postJob }) => ({
        postJob: async (...args: Parameters<typeof postJob>) => {
          const created = await postJob(...args);
          return lose === null ? created : lose();
        },
      }),
    });
  });

  afterEach(() => {
    lose = null;
    env.emulator.faults.clear();
    env.emulator.configure({ jobRunningMs: 0, listsUserMetadata: true });
  });

  afterAll(() => env?.close());

  /** A run whose next POSTs of a job meet these faults. */
  function redriveUnder(faults: Fault[], options: Parameters<typeof startFailedBatch>[1] = {}) {
    for (const fault of faults) env.emulator.faults.next({ ...fault, ...TARGETS.createJob });
    return startFailedBatch(env, { retryFailed: 1, ...options });
  }

  async function expectOne(failed: FailedBatch, posts = 1) {
    const report = await failed.run.result();
    expect(report.files).toMatchObject({ completed: 1 });
    const lines = await env.manifest(report.manifest);
    expect(failed.newJobs().map(({ id }) => id)).toEqual(lines.map(({ jobId }) => jobId));
    expect(failed.posts()).toHaveLength(posts);
  }

  const WITH_EFFECT: Fault[] = [
    { kind: 'reset-after' },
    { kind: 'error-after', status: 503, retryAfter: 1 },
    { kind: 'late-effect', effectAfterMs: 700, response: 'unavailable' },
  ];

  test.each(WITH_EFFECT)('is taken if the response to its POST is lost after the effect: %j', async (fault) => {
    await expectOne(await redriveUnder([fault]));
  });

  test.each([{ kind: 'reset-after' }] as Fault[])('the same for an extract job: %j', async (fault) => {
    await expectOne(await redriveUnder([fault], { type: 'extract_v2' }));
  });

  test('is taken also if the list does not show labels', async () => {
    env.emulator.configure({ listsUserMetadata: false });
    await expectOne(await redriveUnder([{ kind: 'reset-after' }]));
  });

  test.each([
    { kind: 'reset-before' },
    { kind: 'status', status: 429, retryAfter: 1 },
    { kind: 'status', status: 503, retryAfter: 1 },
  ] as Fault[])('is made by a second POST if the first one had no effect: %j', async (fault) => {
    await expectOne(await redriveUnder([fault]), 2);
  });

  test('is one of two if LlamaCloud carries out one POST twice, and a warning names both', async () => {
    const failed = await redriveUnder([{ kind: 'duplicated', response: 'reset' }]);
    expect((await failed.run.result()).files).toMatchObject({ completed: 1 });
    const ids = failed.newJobs().map(({ id }) => id);
    expect(ids).toHaveLength(2);
    expect(failed.posts()).toHaveLength(1);
    const isWarning = (entry: string) => entry.includes('WARN') && ids.every((id) => entry.includes(id));
    expect(readLogged().some(isWarning)).toBe(true);
  });

  const LOST_BY_THE_WORKER: [string, () => Promise<never>][] = [
    // Neither a response nor a heartbeat, until the worker is shut down at the end of this file.
    ['died', () => Context.current().cancelled],
    ['failed', () => Promise.reject(new Error('out of memory'))],
  ];

  test.each(LOST_BY_THE_WORKER)('is taken if the worker %s after its POST', async (_, howToLose) => {
    lose = howToLose;
    await expectOne(await redriveUnder([]));
  });

  test('is not made where three POSTs may each have made one: the line says what to look for', async () => {
    const failed = await redriveUnder(Array<Fault>(3).fill({ kind: 'reset-before' }));
    const report = await failed.run.result();
    expect(failed.posts()).toHaveLength(3);
    const message = expect.stringContaining(`redrive_of ${failed.failedIds[0]}`);
    expect(report.failures).toMatchObject([{ type: 'CreateOutcomeUnknown', message }]);
    expect(await env.details(failed.lockId)).toContain(`redrive_of ${failed.failedIds[0]}`);
  });

  test('is not made where LlamaCloud rejects it: the line says why', async () => {
    const failed = await redriveUnder([{ kind: 'status', status: 404, detail: 'file not found' }]);
    const report = await failed.run.result();
    expect(failed.posts()).toEqual([404]);
    expect(report.failures).toMatchObject([
      { type: 'JobFailed', message: expect.stringContaining('No other job: NotFound') },
    ]);
  });

  test('is made for two runs that redrive a batch at the same time', async () => {
    const failed = await startFailedBatch(env);
    await failed.run.result();
    const start = (name: string) =>
      env.batches.redrive({ batchId: failed.batch.id }, { workflowId: `${name}-${failed.batch.id}` });
    const runs = await Promise.all([start('one'), start('two')]);
    for (const run of runs) expect((await run.result()).files).toMatchObject({ completed: 1 });
    expect(failed.newJobs()).toHaveLength(1);
    expect(failed.posts()).toHaveLength(1);
  });

  test.each(['run', 'redrive'] as const)('is taken by a %s that is reset while the response is lost', async (which) => {
    const failed = await redriveUnder([{ kind: 'reset-after' }]);
    await failed.untilPosted(1);
    const workflowId = which === 'run' ? failed.run.workflowId : failed.lockId;
    await resetWorkflow(env, workflowId);
    const report = await env.batches.attach(failed.run.workflowId).result();
    expect(report.files).toMatchObject({ completed: 1 });
    expect(failed.newJobs()).toHaveLength(1);
    expect(failed.posts()).toHaveLength(1);
  });

  test('is taken by a run that is reset after its end', async () => {
    const failed = await redriveUnder([]);
    await expectOne(failed);
    await resetWorkflow(env, failed.run.workflowId);
    const report = await env.batches.attach(failed.run.workflowId).result();
    expect(report.files).toMatchObject({ completed: 1 });
    expect(failed.posts()).toHaveLength(1);
  });

  const UNDER_WAY: [string, Fault][] = [
    ['whose response is lost', { kind: 'reset-after' }],
    ['whose response is on its way', { kind: 'delay', delayMs: 1_500 }],
  ];

  test.each(UNDER_WAY)('%s is cancelled with the run', async (_, fault) => {
    env.emulator.configure({ jobRunningMs: Number.POSITIVE_INFINITY });
    const failed = await redriveUnder([fault]);
    await failed.untilPosted(1);
    await failed.run.cancel();
    expect((await failureOf(failed.run.result())).name).toBe('CancelledFailure');
    expect(failed.newJobs().map(({ status }) => status)).toEqual(['CANCELLED']);
    expect(failed.posts()).toHaveLength(1);
  });

  test.each(UNDER_WAY)('%s is cancelled when the run is terminated', async (_, fault) => {
    env.emulator.configure({ jobRunningMs: Number.POSITIVE_INFINITY });
    const failed = await redriveUnder([fault]);
    await failed.untilPosted(1);
    await env.client.workflow.getHandle(failed.run.workflowId).terminate();
    await untilEnded(env.client, failed.lockId);
    expect(failed.newJobs().map(({ status }) => status)).toEqual(['CANCELLED']);
  });

  test('that runs is cancelled with the run, and a redrive makes another one', async () => {
    env.emulator.configure({ jobRunningMs: Number.POSITIVE_INFINITY });
    const failed = await redriveUnder([]);
    await failed.untilNewJob('RUNNING');
    await until('the job in progress', async () => (await failed.run.progress()).redrivenJobs === 1);
    await failed.run.cancel();
    expect((await failureOf(failed.run.result())).name).toBe('CancelledFailure');
    expect(failed.newJobs().map(({ status }) => status)).toEqual(['CANCELLED']);
    env.emulator.configure({ jobRunningMs: 0 });
    const report = await (await env.batches.redrive({ batchId: failed.batch.id })).result();
    expect(report.files).toMatchObject({ completed: 1 });
    expect(failed.newJobs().map(({ status }) => status)).toEqual(['CANCELLED', 'COMPLETED']);
  });

  test('is left running by a run with onStop leave, and a redrive takes it', async () => {
    env.emulator.configure({ jobRunningMs: Number.POSITIVE_INFINITY });
    const failed = await redriveUnder([{ kind: 'reset-after' }], { onStop: 'leave' });
    await failed.untilPosted(1);
    await failed.run.cancel();
    expect((await failureOf(failed.run.result())).name).toBe('CancelledFailure');
    const [job] = failed.newJobs();
    expect(job?.status).toBe('RUNNING');
    const run = await env.batches.redrive({ batchId: failed.batch.id });
    env.emulator.jobs.finish(job?.id ?? '');
    expect((await run.result()).files).toMatchObject({ completed: 1 });
    expect(failed.newJobs()).toHaveLength(1);
  });
});
