import { rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BatchPhase, STOP_TIMEOUT_MS, WAKE_SIGNAL } from '../../../src/protocol/index.js';
import {
  type Fault,
  startTimeSkippingTemporal,
  TARGETS,
  type TimeSkippingTemporal,
} from '../../../src/testing/index.js';
import { failureOf } from '../../support/failure.js';
import { readLogged } from '../../support/logged.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { mapFiles, type StartedRun, startRun } from './support.js';

const HOUR = 3_600_000;

/** The bound, and some seconds for the last steps: this server's clock also runs while they work. */
const BOUND_MS = STOP_TIMEOUT_MS + 30_000;

/** No poll falls into a test, except the first one of each wait. */
const ONE_POLL = { poll: { initialInterval: HOUR, maximumInterval: HOUR } };

/** Minutes of waiting, on the server that skips them. */
describe('a stop ends within its bound', () => {
  let temporal: TimeSkippingTemporal;
  let env: TestEnvironment;

  // A server for each test: it stops skipping time if an activity is cancelled during an attempt, and the tests after that would wait in real time.
  beforeEach(async () => {
    temporal = await startTimeSkippingTemporal();
    env = await startTestEnvironment(temporal, {
      emulator: { batchRunningMs: HOUR },
      requestTimeoutMs: 1_000,
      // The waits of the runs are skipped here, but not those of the worker.
      accountGate: { minProbeIntervalMs: 1, maxProbeIntervalMs: 1 },
    });
  });

  afterEach(async () => {
    await env?.close();
    await temporal?.close();
  });

  /**
   * Waits until a run is in this phase, and none of its polls is under way: if an activity is cancelled during an
   * attempt, this server stops skipping time.
   */
  const untilBetweenPolls = ({ run }: StartedRun, phase: BatchPhase) =>
    until(`the run to wait while ${phase}`, async () => {
      if ((await run.progress()).phase !== phase) return false;
      const { pendingActivities } = (await env.client.workflow.getHandle(run.workflowId).describe()).raw;
      // The poll has failed, so the next attempt is an hour away.
      return pendingActivities?.length === 1 && pendingActivities[0]?.lastFailure != null;
    });

  const wake = ({ run }: StartedRun) => env.client.workflow.getHandle(run.workflowId).signal(WAKE_SIGNAL);

  /** Cancels a run, and says how long it then took by the server's clock. */
  const cancelAndMeasureMs = async ({ run }: StartedRun) => {
    await run.cancel();
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');
    const events = await env.history(run.workflowId);
    const atMs = (event: (typeof events)[number] | undefined) => Number(event?.eventTime?.seconds) * 1_000;
    const cancelled = events.find((event) => event.workflowExecutionCancelRequestedEventAttributes);
    return atMs(events.at(-1)) - atMs(cancelled);
  };

  const FAULTS: [string, Fault][] = [
    ['answers 503', { kind: 'status', status: 503 }],
    ['answers 429', { kind: 'status', status: 429, retryAfter: 30 }],
    ['rejects the key', { kind: 'status', status: 401 }],
    ['does not answer', { kind: 'delay', delayMs: HOUR }],
  ];

  test.each(FAULTS)('while LlamaCloud %s', async (_, fault) => {
    const started = await startRun(env, 2, ONE_POLL);
    await untilBetweenPolls(started, 'waiting');
    env.emulator.faults.next({ ...fault, times: 100_000 });
    expect(await cancelAndMeasureMs(started)).toBeLessThan(BOUND_MS);
    const { phase, failure } = await started.run.progress();
    expect(phase).toBe('cancelled');
    expect(failure?.message).toContain('the batch could not be cancelled: ');
    expect(readLogged().join()).toContain('While the run was ending, the batch could not be cancelled');
  });

  test.each(FAULTS)('of jobs only, while LlamaCloud %s', async (_, fault) => {
    env.emulator.configure({ jobRunningMs: HOUR });
    env.emulator.faults.next({ ...fault, ...TARGETS.cancelJob, times: 100_000 });
    const started = await startRun(env, 2, ONE_POLL);
    await mapFiles(env, started, 'RUNNING');
    await untilBetweenPolls(started, 'waiting');
    env.emulator.batches.setStatus(started.batch.id, 'COMPLETED');
    await wake(started);
    await untilBetweenPolls(started, 'processing');
    expect(await cancelAndMeasureMs(started)).toBeLessThan(BOUND_MS);
    // On this server an attempt knows a time that is one delay old, so the last one, which names the jobs, may not come.
    expect((await started.run.progress()).failure?.message).toMatch(
      /jobs (of the batch could not all|could not) be cancelled/,
    );
  });

  test('while LlamaCloud answers 503 to requests to cancel, and to nothing else', async () => {
    env.emulator.configure({ jobRunningMs: HOUR });
    const started = await startRun(env, 2, ONE_POLL);
    await mapFiles(env, started, 'RUNNING');
    await untilBetweenPolls(started, 'waiting');
    for (const target of [TARGETS.cancelBatch, TARGETS.cancelJob])
      env.emulator.faults.next({ kind: 'status', status: 503, ...target, times: 100_000 });
    expect(await cancelAndMeasureMs(started)).toBeLessThan(BOUND_MS);
    expect((await started.run.progress()).failure?.message).toContain('the batch could not be cancelled: ');
  });

  test('while a cancel of the batch is never done', async () => {
    env.emulator.configure({ batchCancelMs: Number.POSITIVE_INFINITY });
    const started = await startRun(env, 2, ONE_POLL);
    await untilBetweenPolls(started, 'waiting');
    expect(await cancelAndMeasureMs(started)).toBeLessThan(BOUND_MS);
    expect((await started.run.progress()).failure?.message).toContain('is RUNNING and being cancelled');
  });

  test('while results stay null for ever', async () => {
    env.emulator.configure({ resultsNullMs: Number.POSITIVE_INFINITY });
    const started = await startRun(env, 2, ONE_POLL);
    await untilBetweenPolls(started, 'waiting');
    env.emulator.batches.finish(started.batch.id);
    await wake(started);
    await untilBetweenPolls(started, 'expanding');
    expect(await cancelAndMeasureMs(started)).toBeLessThan(120_000);
    const message = (await started.run.progress()).failure?.message;
    expect(message).toContain(
      'LlamaCloud returned no results, so other jobs of the batch, if any, could not be cancelled',
    );
  });

  test('while the output store fails', async () => {
    const started = await startRun(env, 2, ONE_POLL);
    await mapFiles(env, started);
    await untilBetweenPolls(started, 'waiting');
    await rm(env.output, { recursive: true });
    await writeFile(env.output, 'not a folder');
    // COMPLETED again, as `mapFiles` left it before it set RUNNING.
    env.emulator.batches.setStatus(started.batch.id, null);
    expect(await cancelAndMeasureMs(started)).toBeLessThan(BOUND_MS);
    expect((await started.run.progress()).failure?.message).toContain('could not all be collected');
    expect(await env.details(started.run.workflowId)).toContain('### Cancelled');
  });
});
