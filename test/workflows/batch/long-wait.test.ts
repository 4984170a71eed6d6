import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isFailure, WAKE_SIGNAL } from '../../../src/index.js';
import { startTimeSkippingTemporal, TARGETS, type TimeSkippingTemporal } from '../../../src/testing/index.js';
import { newBatchState } from '../../../src/workflows/batch/state.js';
import { failureOf } from '../../support/failure.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('waiting, on the time-skipping server', () => {
  let temporal: TimeSkippingTemporal;
  let env: TestEnvironment;

  // A server for each test: it stops skipping time if an activity is cancelled during an attempt, and the tests after that would wait in real time.
  beforeEach(async () => {
    temporal = await startTimeSkippingTemporal();
    env = await startTestEnvironment(temporal, { emulator: { batchRunningMs: DAY } });
  });

  afterEach(async () => {
    await env?.close();
    await temporal?.close();
  });

  const start = async (options: object = {}) => {
    const { id } = await env.emulator.addDirectory(files(1));
    const run = await env.batches.start({ ...parseInput(id), ...options });
    return { run, batch: await env.untilCreated(id) };
  };

  test('a wait of 24 hours costs fewer than 30 events', async () => {
    // Fewer polls than by default: each is a request over HTTP, and takes some milliseconds of real time.
    const { run, batch } = await start({ poll: { latencyRatio: 1, maximumInterval: '1 hour' } });
    await until('the wait to begin', async () => {
      const { phase, batchStatus } = await run.progress();
      return phase === 'waiting' && batchStatus === 'RUNNING';
    });
    const requests = env.emulator.requests.length;
    await temporal.env.sleep('24 hours');
    const polls = env.emulator.requests.length - requests;
    env.emulator.batches.finish(batch.id);
    await run.result();
    // From the batch's creation until its results are read. It gets stuck once: that is some five of them.
    const events = await env.history(run.workflowId);
    const created = events.findIndex((event) => event.childWorkflowExecutionCompletedEventAttributes);
    const scheduled = (name: string) =>
      events.findIndex((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === name);
    expect(scheduled('readResults') - created).toBeLessThan(30);
    expect(polls).toBeGreaterThan(24);
  });

  // 93 by arithmetic, which has a test of its own; this server tells the activity the time of the poll before, hence a few more.
  test('an hour of waiting costs about 100 requests, by default', async () => {
    const { run, batch } = await start();
    const requests = env.emulator.requests.length;
    await temporal.env.sleep('1 hour');
    const polls = env.emulator.requests.length - requests;
    expect(polls).toBeGreaterThan(50);
    expect(polls).toBeLessThan(110);
    env.emulator.batches.finish(batch.id);
    await run.result();
  });

  test('a batch that never ends is cancelled after a week', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const startedMs = await temporal.env.currentTimeMs();
    const workflowId = `week-${id}`;
    // As a run that has waited for all but two hours of a week.
    const run = await env.client.workflow.start('resumeAs', {
      workflowId,
      taskQueue: env.taskQueue,
      args: [
        'processBatch',
        // No poll is due when the time is up.
        { ...parseInput(id), poll: { initialInterval: '50 minutes', maximumInterval: '50 minutes' } },
        newBatchState(startedMs - 7 * DAY + 2 * HOUR),
      ],
    });
    expect(isFailure(await failureOf(run.result()), 'BatchTimedOut')).toBe(true);
    expect((await env.untilCreated(id)).status).toBe('CANCELLED');
    // By its history: a server without open workflows skips years.
    const endedAt = (await env.history(workflowId)).at(-1)?.eventTime?.seconds;
    const tookMs = Number(endedAt) * 1_000 - startedMs;
    expect(tookMs).toBeGreaterThan(1.9 * HOUR);
    expect(tookMs).toBeLessThan(2.5 * HOUR);
  });

  test('a file that gets neither a job nor an error is a failed file after the grace period', async () => {
    const { run, batch } = await start();
    env.emulator.batches.setResults(batch.id, (rows) => rows?.map((row) => ({ ...row, job_reference: null })) ?? null);
    env.emulator.batches.finish(batch.id);
    const report = await run.result();
    expect(report.failures).toMatchObject([{ type: 'FileNotMapped' }]);
  });

  test('a wake makes the next poll happen now, and a storm of them is a few polls', async () => {
    const { run, batch } = await start({ poll: { initialInterval: '1 hour' } });
    await until('the wait to begin', async () => (await run.progress()).phase === 'waiting');
    const handle = env.client.workflow.getHandle(run.workflowId);
    const before = env.emulator.requests.length;
    await handle.signal(WAKE_SIGNAL);
    await until('a poll', () => env.emulator.requests.length > before);
    for (let sent = 0; sent < 200; sent++) await handle.signal(WAKE_SIGNAL);
    await temporal.env.sleep('1 minute');
    expect(env.emulator.requests.length - before).toBeLessThan(11);
    expect((await env.history(run.workflowId)).length).toBeLessThan(1_000);
    env.emulator.batches.finish(batch.id);
    await handle.signal(WAKE_SIGNAL);
    expect((await run.result()).status).toBe('COMPLETED');
  });

  test('a wake that comes together with a change of the status is not lost: the next poll happens now', async () => {
    const options = { workflowId: 'poll-after-wake', taskQueue: env.taskQueue };
    expect(await env.client.workflow.execute('pollAfterWake', options)).toEqual([false, true]);
  });

  test('a batch that flaps for days continues as new, and loses nothing of what is known, nor a wake', async () => {
    let gets = 0;
    const { id } = await env.emulator.addDirectory(files(1));
    const workflowId = `flaps-${id}`;
    const started = await env.client.workflow.start('processBatchLate', {
      workflowId,
      taskQueue: env.taskQueue,
      // The timer of `stuckAfter` would fire at the same moment as a poll, and the run would continue as new during an attempt: if an activity is
      // cancelled then, this server stops skipping time.
      args: [
        {
          ...parseInput(id),
          poll: { maximumInterval: '1 hour', latencyRatio: 1 },
          timeout: '300 days',
          stuckAfter: '300 days',
        },
      ],
    });
    const run = env.batches.attach(workflowId);
    const batch = await env.untilCreated(id);
    const restore = env.emulator.rewrite(TARGETS.getBatch, (body) =>
      Object.assign({}, body, { status: gets++ % 2 === 0 ? 'THROTTLED' : 'RUNNING' }),
    );
    const latest = async () => (await env.client.workflow.getHandle(workflowId).describe()).runId;
    while ((await latest()) === started.firstExecutionRunId) await temporal.env.sleep('1 day');
    // However often the status differs, it is polled no more often than one that does not.
    expect(gets).toBeGreaterThan(24);
    expect(gets).toBeLessThan(120);
    expect((await env.history(workflowId, started.firstExecutionRunId)).length).toBeLessThan(5_000);
    const progress = await until('the wait to go on', async () => {
      const now = await run.progress();
      return now.phase === 'waiting' && now;
    });
    expect(progress).toMatchObject({ batchId: batch.id, directoryId: batch.directoryId });
    expect(await env.details(workflowId)).toContain(batch.id);
    restore();
    env.emulator.batches.finish(batch.id);
    await env.client.workflow.getHandle(workflowId).signal(WAKE_SIGNAL);
    expect(await run.result()).toMatchObject({ batchId: batch.id, files: { completed: 1 } });
  });

  test('one 404 late in a wait does not fail the run; 404s for a minute do, and say so', async () => {
    const { run, batch } = await start();
    await temporal.env.sleep('70 seconds');
    const before = env.emulator.requests.length;
    env.emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.getBatch });
    await temporal.env.sleep('5 minutes');
    expect(env.emulator.faults.planned).toBe(0);
    expect(env.emulator.requests.slice(before).some(({ status }) => status === 404)).toBe(true);
    expect((await run.progress()).phase).toBe('waiting');
    env.emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.getBatch, times: 10_000 });
    const failure = await failureOf(run.result());
    env.emulator.faults.clear();
    expect(isFailure(failure, 'NotFound')).toBe(true);
    expect(failure.message).toContain(batch.id);
    expect(await run.progress()).toMatchObject({ phase: 'failed', failure: { type: 'NotFound' } });
  });
});
