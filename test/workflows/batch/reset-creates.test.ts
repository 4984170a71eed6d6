import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TARGETS } from '../../../src/testing/index.js';
import {
  describeWorkflow,
  newDirectory,
  resetWorkflow,
  type TestDirectory,
  untilEnded,
} from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

/** `PENDING_ACTIVITY_STATE_PAUSED` of Temporal's API. */
const PAUSED = 4;

describe('one batch and one POST, whatever a person resets', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), {
      emulator: { listLagMs: 2_000 },
      // The worker learns of a pause by the heartbeat, after 5 s, and a POST without a response ends after 7 s.
      requestTimeoutMs: 7_000,
      listLagMs: 6_000,
      worker: { maxHeartbeatThrottleInterval: '500 ms', defaultHeartbeatThrottleInterval: '500 ms' },
    });
  });

  afterAll(() => env?.close());

  const resultOf = (workflowId: string): Promise<{ batchId: string }> =>
    env.client.workflow.getHandle(workflowId).result();

  function expectOne({ batches, posts }: TestDirectory, { batchId }: { batchId: string }) {
    expect(batches().map(({ id }) => id)).toEqual([batchId]);
    expect(posts()).toHaveLength(1);
  }

  test.each(['first-task', 'before-child'] as const)(
    'the run, to its %s, while the response to its create is lost',
    async (to) => {
      const directory = await newDirectory(env);
      env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
      const run = await env.batches.start(parseInput(directory.directoryId));
      await directory.untilPosted(1);
      await resetWorkflow(env, run.workflowId, to);
      expectOne(directory, await resultOf(run.workflowId));
    },
  );

  test.each(['first-task', 'before-child'] as const)(
    'the run, to its %s, while the list does not show its batch yet',
    async (to) => {
      const directory = await newDirectory(env);
      const run = await env.batches.start(parseInput(directory.directoryId));
      await directory.untilBatchKnown();
      await resetWorkflow(env, run.workflowId, to);
      expectOne(directory, await resultOf(run.workflowId));
    },
  );

  test('the run after its end, twice', async () => {
    const directory = await newDirectory(env);
    const run = await env.batches.start(parseInput(directory.directoryId));
    await run.result();
    for (const _ of [1, 2]) {
      await resetWorkflow(env, run.workflowId);
      expectOne(directory, await resultOf(run.workflowId));
    }
  });

  test('the create, while its response is lost', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    await directory.untilPosted(1);
    await resetWorkflow(env, directory.lockId);
    expectOne(directory, await resultOf(run.workflowId));
  });

  // After the look for earlier creates, and after the list of what was there: what they found is kept, and is of no use any more.
  test.each([1, 2])(
    'the create, to a later workflow task (%i), while the list does not show its batch yet',
    async (task) => {
      const directory = await newDirectory(env);
      const run = await env.batches.start(parseInput(directory.directoryId));
      await directory.untilBatchKnown();
      await resetWorkflow(env, directory.lockId, { task });
      expectOne(directory, await resultOf(run.workflowId));
    },
  );

  test.each([1, 2])('the create, to a later workflow task (%i), while its response is lost', async (task) => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    await directory.untilPosted(1);
    await resetWorkflow(env, directory.lockId, { task });
    expectOne(directory, await resultOf(run.workflowId));
  });

  test('the create, while the list does not show its batch yet', async () => {
    const directory = await newDirectory(env);
    const run = await env.batches.start(parseInput(directory.directoryId));
    await directory.untilBatchKnown();
    await resetWorkflow(env, directory.lockId);
    expectOne(directory, await resultOf(run.workflowId));
  });

  test('the create, while the list fails, and then the run', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'status', status: 503, ...TARGETS.listBatches, times: 1_000 });
    const run = await env.batches.start(parseInput(directory.directoryId));
    await until(
      'the create to start',
      async () => (await describeWorkflow(env.client, directory.lockId)) !== undefined,
    );
    await until('the list to fail', () => env.emulator.requests.some(({ status }) => status === 503));
    await resetWorkflow(env, directory.lockId);
    env.emulator.faults.clear();
    const { batchId } = await resultOf(run.workflowId);
    await resetWorkflow(env, run.workflowId, 'before-child');
    await resultOf(run.workflowId);
    expectOne(directory, { batchId });
  });

  test('a run whose batch was cancelled gets a new one, and not the one of another run', async () => {
    const directory = await newDirectory(env);
    env.emulator.configure({ batchRunningMs: 3_600_000 });
    const run = await env.batches.start(parseInput(directory.directoryId), {
      workflowId: `cancelled-${directory.directoryId}`,
    });
    await untilEnded(env.client, directory.lockId);
    await run.cancel();
    await untilEnded(env.client, run.workflowId);
    env.emulator.configure({ batchRunningMs: 0 });
    const other = await env.batches.start(parseInput(directory.directoryId), {
      workflowId: `other-${directory.directoryId}`,
    });
    const theirs = await other.result();
    await resetWorkflow(env, run.workflowId);
    const mine = await resultOf(run.workflowId);
    const [first, second, third] = directory.batches();
    expect(first?.status).toBe('CANCELLED');
    expect([second?.id, third?.id]).toEqual([theirs.batchId, mine.batchId]);
    expect(directory.posts()).toHaveLength(3);
  });

  test('a run whose POST was rejected gets a batch of its own, and not the one of another run', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'status', status: 422, ...TARGETS.createBatch });
    const workflowId = `rejected-${directory.directoryId}`;
    const run = await env.batches.start(parseInput(directory.directoryId), { workflowId });
    expect(await failureOf(run.result())).toMatchObject({ type: 'RequestRejected' });
    const theirs = await (await env.batches.start(parseInput(directory.directoryId))).result();
    await resetWorkflow(env, run.workflowId);
    const mine = await resultOf(run.workflowId);
    expect(directory.batches().map(({ id }) => id)).toEqual([theirs.batchId, mine.batchId]);
    expect(directory.posts()).toHaveLength(3);
  });

  test('and sends none for a run that has ended: its create says to reset that run', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'status', status: 422, ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    await failureOf(run.result());
    await resetWorkflow(env, directory.lockId);
    const failure = await failureOf(resultOf(directory.lockId));
    expect(failure.message).toMatch(/^The run that this workflow creates a batch for has ended, so nothing was sent/);
    expect(directory.posts()).toEqual([422]);
  });

  /** The one activity of a create that is under way. */
  async function pendingPost({ lockId }: TestDirectory) {
    await until('the POST to be under way', async () => {
      const pending = (await describeWorkflow(env.client, lockId))?.raw.pendingActivities ?? [];
      return pending.some(({ activityType }) => activityType?.name === 'postBatch');
    });
    return { namespace: env.client.options.namespace, execution: { workflowId: lockId }, type: 'postBatch' };
  }

  test('the POST, while it is under way', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'delay', delayMs: 2_500, ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    await directory.untilPosted(1);
    await env.client.workflowService.resetActivity(await pendingPost(directory));
    expectOne(directory, await resultOf(run.workflowId));
  });

  test('or pauses: the POST, whose response is lost meanwhile', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'delay', delayMs: 8_000, ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    await directory.untilPosted(1);
    const target = await pendingPost(directory);
    await env.client.workflowService.pauseActivity({ ...target, identity: 'a test', reason: randomUUID() });
    await env.untilCreated(directory.directoryId);
    await env.client.workflowService.unpauseActivity(target);
    expectOne(directory, await resultOf(run.workflowId));
  });

  test('and a POST that is paused, and whose response is lost, is no reason to leave its batch when the run is cancelled', async () => {
    const directory = await newDirectory(env);
    env.emulator.configure({ batchRunningMs: 3_600_000 });
    env.emulator.faults.next({ kind: 'delay', delayMs: 8_000, ...TARGETS.createBatch });
    const run = await env.batches.start(parseInput(directory.directoryId));
    await directory.untilPosted(1);
    const target = await pendingPost(directory);
    await env.client.workflowService.pauseActivity({ ...target, identity: 'a test', reason: randomUUID() });
    const { id } = await env.untilCreated(directory.directoryId);
    await until('the POST to be paused', async () => {
      const { raw } = await env.client.workflow.getHandle(directory.lockId).describe();
      return raw.pendingActivities?.some(({ state }) => state === PAUSED);
    });
    await run.cancel();
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');
    expect(directory.batches()).toMatchObject([{ id, status: 'CANCELLED' }]);
    env.emulator.configure({ batchRunningMs: 0 });
    await resetWorkflow(env, run.workflowId);
    const { batchId } = await resultOf(run.workflowId);
    expect(directory.batches().map((batch) => [batch.id, batch.status])).toEqual([
      [id, 'CANCELLED'],
      [batchId, 'COMPLETED'],
    ]);
  });
});
