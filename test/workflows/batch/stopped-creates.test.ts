import { activityInfo, CompleteAsyncError } from '@temporalio/activity';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { BatchToCreate } from '../../../src/activities/types.js';
import { BATCH_ID_MEMO } from '../../../src/protocol/index.js';
import { type Fault, TARGETS } from '../../../src/testing/index.js';
import { describeWorkflow, newDirectory, type TestDirectory, untilEnded } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace, type TestNamespace } from '../../support/namespace.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('a run that is stopped while it creates', () => {
  let namespace: TestNamespace;
  let env: TestEnvironment;

  beforeAll(async () => {
    namespace = await openNamespace();
    env = await startTestEnvironment(namespace, {
      emulator: { listLagMs: 1_500, batchRunningMs: 3_600_000 },
    });
  });

  afterAll(() => env?.close());

  /** A run whose POST has been sent, and meets this fault. */
  async function posting(fault: Fault | null, onStop: 'cancel' | 'leave' = 'cancel') {
    const directory = await newDirectory(env);
    if (fault !== null) env.emulator.faults.next({ ...fault, ...TARGETS.createBatch });
    const run = await env.batches.start({ ...parseInput(directory.directoryId), onStop });
    await directory.untilPosted(1);
    const handle = env.client.workflow.getHandle(run.workflowId);
    return { ...directory, run, handle };
  }

  const statuses = ({ batches }: TestDirectory) => batches().map(({ status }) => status);
  const memoOf = async (workflowId: string) => (await describeWorkflow(env.client, workflowId))?.memo?.[BATCH_ID_MEMO];

  const UNDER_WAY: [string, Fault][] = [
    ['whose response is lost', { kind: 'reset-after' }],
    ['whose response is on its way', { kind: 'delay', delayMs: 1_500 }],
  ];

  test.each(UNDER_WAY)('by a cancellation cancels the batch %s', async (_, fault) => {
    const started = await posting(fault);
    await started.run.cancel();
    expect((await failureOf(started.run.result())).name).toBe('CancelledFailure');
    expect(statuses(started)).toEqual(['CANCELLED']);
    expect(await memoOf(started.run.workflowId)).toBe(started.batches()[0]?.id);
    expect(await env.details(started.lockId)).toMatch(/^The run was stopped: `bat-\S+` is `CANCELLED`$/);
    expect(started.posts()).toHaveLength(1);
  });

  test.each(UNDER_WAY)('by a termination cancels the batch %s', async (_, fault) => {
    const started = await posting(fault);
    await started.handle.terminate();
    await untilEnded(env.client, started.lockId);
    expect(statuses(started)).toEqual(['CANCELLED']);
    expect(started.posts()).toHaveLength(1);
  });

  test('by a termination cancels the batch that the list does not show yet', async () => {
    const started = await posting(null);
    await started.untilBatchKnown();
    await started.handle.terminate();
    await untilEnded(env.client, started.lockId);
    expect(statuses(started)).toEqual(['CANCELLED']);
  });

  test('by a termination that comes together with the end of its create cancels the batch', async () => {
    // No worker runs when the list shows the batch and the run is terminated.
    let listed: Uint8Array | undefined;
    const stopping = await startTestEnvironment(namespace, {
      shared: env,
      activities: ({ waitUntilListed }) => ({
        waitUntilListed: async (...args: Parameters<typeof waitUntilListed>) => {
          await waitUntilListed(...args);
          listed = activityInfo().taskToken;
          throw new CompleteAsyncError();
        },
      }),
    });
    const directory = await newDirectory(env);
    const run = await stopping.batches.start(parseInput(directory.directoryId));
    const token = await until('the batch in the list', () => listed);
    await stopping.close();
    await env.client.activity.complete(token, undefined);
    await env.client.workflow.getHandle(run.workflowId).terminate();
    await until('the cancellation of the create', async () =>
      (await env.history(directory.lockId)).some((event) => event.workflowExecutionCancelRequestedEventAttributes),
    );
    const worker = { taskQueue: stopping.taskQueue };
    const next = await startTestEnvironment(namespace, { shared: env, worker });
    onTestFinished(() => next.close());
    await untilEnded(env.client, directory.lockId);
    expect(statuses(directory)).toEqual(['CANCELLED']);
  });

  test.each(['cancel', 'terminate'] as const)('leaves the batch where its input says so: %s', async (stop) => {
    const started = await posting({ kind: 'reset-after' }, 'leave');
    await started.handle[stop]();
    await untilEnded(env.client, started.lockId);
    await untilEnded(env.client, started.run.workflowId);
    expect(statuses(started)).toEqual(['RUNNING']);
    expect(await memoOf(started.lockId)).toBe(started.batches()[0]?.id);
  });

  test('and that is started again at once by the same id has the new batch alone', async () => {
    const started = await posting({ kind: 'reset-after' });
    await started.handle.terminate();
    const again = await env.batches.start(parseInput(started.directoryId));
    await until('the second batch', () => started.batches().length === 2);
    const [, second] = started.batches();
    await until('its id', async () => (await memoOf(again.workflowId)) === second?.id);
    expect(statuses(started)).toEqual(['CANCELLED', 'RUNNING']);
    await again.cancel();
    await untilEnded(env.client, again.workflowId);
    expect(started.posts()).toHaveLength(2);
  });

  test.each(['cancel', 'leave'] as const)(
    'keeps the lock until the list shows its batch, which the next run does not take for its own: %s',
    async (onStop) => {
      env.emulator.configure({ listLagMs: 2_800 });
      const started = await posting(null, onStop);
      await started.untilBatchKnown();
      await started.run.cancel();
      env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
      const next = await env.batches.start(parseInput(started.directoryId), { workflowId: `next-${onStop}` });
      const taken = await until('its batch', () => memoOf(next.workflowId));
      env.emulator.configure({ listLagMs: 1_500 });
      await next.cancel();
      await untilEnded(env.client, next.workflowId);
      const [first, second, ...others] = started.batches();
      expect([taken, others]).toEqual([second?.id, []]);
      expect([first?.status, second?.status]).toEqual([onStop === 'leave' ? 'RUNNING' : 'CANCELLED', 'CANCELLED']);
    },
  );

  test('before there was a batch ends without one', async () => {
    const started = await posting({ kind: 'status', status: 429, retryAfter: 60 });
    await started.run.cancel();
    expect((await failureOf(started.run.result())).name).toBe('CancelledFailure');
    expect(started.batches()).toEqual([]);
  });

  test('whose POST no worker has taken yet ends without a batch', async () => {
    // Workflow tasks have a worker. The one for activities stops after the last activity before the POST.
    const workflows = await startTestEnvironment(namespace, { shared: env, worker: { activities: {} } });
    onTestFinished(() => workflows.close());
    const { taskQueue } = workflows;
    const nativeConnection = await NativeConnection.connect({ address: namespace.address });
    onTestFinished(() => nativeConnection.close());
    let stopped: Promise<void> | undefined;
    const activityWorker = await startTestEnvironment(
      { ...namespace, nativeConnection },
      {
        shared: env,
        worker: { taskQueue, shutdownGraceTime: '10 seconds' },
        activities: (real) => ({
          listRecentBatches: async (input: BatchToCreate) => {
            const listed = await real.listRecentBatches(input);
            stopped = activityWorker.close();
            return listed;
          },
        }),
      },
    );
    const directory = await newDirectory(env);
    const run = await workflows.batches.start(parseInput(directory.directoryId));
    const scheduled = async () => {
      const events = await env.history(directory.lockId).catch(() => []);
      return events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
    };
    await until('the POST to be scheduled', async () => (await scheduled()).includes('postBatch'));
    await run.cancel();
    await stopped;
    const second = await startTestEnvironment(
      { ...namespace, nativeConnection },
      { shared: env, worker: { taskQueue } },
    );
    onTestFinished(() => second.close());
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');
    expect(directory.posts()).toEqual([]);
  });

  test('and whose batch the list does not show says that it may be running', async () => {
    const started = await posting({ kind: 'reset-before' });
    await started.run.cancel();
    const failure = await failureOf(started.run.result());
    expect(failure).toMatchObject({ type: 'CreateOutcomeUnknown' });
    expect(failure.message).toContain(`a batch over directory ${started.directoryId} may be running`);
  });

  test.each([
    ['cancels', 'cancel', /was cancelled before there was a batch/],
    ['terminates', 'terminate', /look in LlamaCloud for a batch over directory/],
  ] as const)(
    'and not by a person who %s only `createBatch`, which fails it with `BatchCancelled`',
    async (_, stop, message) => {
      const started = await posting({ kind: 'status', status: 429, retryAfter: 60 });
      await env.client.workflow.getHandle(started.lockId)[stop]();
      const failure = await failureOf(started.run.result());
      expect(failure).toMatchObject({ type: 'BatchCancelled' });
      expect(failure.message).toMatch(message);
    },
  );
});
