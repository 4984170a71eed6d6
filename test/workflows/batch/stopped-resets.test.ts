import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BATCH_ID_MEMO } from '../../../src/protocol/index.js';
import { type Fault, type LocalTemporal, startLocalTemporal, TARGETS } from '../../../src/testing/index.js';
import { newDirectory, resetWorkflow, untilEnded } from '../../support/creates.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('a run that a person resets while it creates, and that is then stopped', () => {
  let temporal: LocalTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    env = await startTestEnvironment(temporal, { emulator: { batchRunningMs: 3_600_000 } });
  });

  afterEach(() => env.emulator.faults.clear());

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  /** So that the POST takes effect after the run was stopped. */
  const SLOW: Fault = { kind: 'delay', delayMs: 4_000 };
  const DOWN: Fault = { kind: 'status', status: 503 };

  /** A run that was reset while it creates. */
  async function resetWhileCreating(to: 'before' | 'after', fault: Fault, options: object = {}) {
    const directory = await newDirectory(env, 1);
    env.emulator.faults.next({ ...fault, ...TARGETS.createBatch, times: fault === DOWN ? 100 : 1 });
    const run = await env.batches.start({ ...parseInput(directory.directoryId), ...options });
    await directory.untilPosted(1);
    const tasks = (await env.history(run.workflowId)).filter((event) => event.workflowTaskCompletedEventAttributes);
    await resetWorkflow(env, run.workflowId, to === 'before' ? 'before-child' : { task: tasks.length - 1 });
    if (to === 'before') {
      await until('the run to wait for its own create', async () =>
        (await env.details(run.workflowId)).includes('This run waits for it'),
      );
    }
    const handle = env.client.workflow.getHandle(run.workflowId);
    const untilStopped = async () => ({
      status: await untilEnded(env.client, run.workflowId),
      create: await untilEnded(env.client, directory.lockId),
      batches: directory.batches().map(({ id, status }) => [id, status]),
      posts: directory.posts().length,
    });
    return { run, handle, untilStopped, lockId: directory.lockId };
  }

  test('to before its create: a cancellation cancels the create and its batch', async () => {
    const { handle, untilStopped } = await resetWhileCreating('before', SLOW);
    await handle.cancel();
    const { status, create, batches, posts } = await untilStopped();
    const batchId = (await handle.describe()).memo?.[BATCH_ID_MEMO];
    expect([status, create, posts]).toEqual(['CANCELLED', 'COMPLETED', 1]);
    expect(batches).toEqual([[batchId, 'CANCELLED']]);
  });

  test('to before its create, and whose create is reset too: a cancellation cancels the batch of that one', async () => {
    const { run, handle, untilStopped, lockId } = await resetWhileCreating('before', { kind: 'delay', delayMs: 1_000 });
    await resetWorkflow(env, lockId);
    await handle.cancel();
    const { status, create, batches, posts } = await untilStopped();
    expect([status, create, posts]).toEqual(['CANCELLED', 'COMPLETED', 1]);
    expect(batches).toEqual([[(await run.report())?.batchId, 'CANCELLED']]);
  });

  test('to a later point: a cancellation ends the create, and the run', async () => {
    const { handle, untilStopped } = await resetWhileCreating('after', DOWN);
    await handle.cancel();
    expect(await untilStopped()).toMatchObject({ status: 'CANCELLED', create: 'CANCELLED', batches: [] });
  });

  test('to before its create: its timeout cancels the create and its batch', async () => {
    // A busy machine needs some of this time for the reset. The POST takes effect after it.
    const slower: Fault = { kind: 'delay', delayMs: 30_000 };
    const { run, untilStopped } = await resetWhileCreating('before', slower, { timeout: '25 s' });
    const { status, batches, posts } = await untilStopped();
    const report = await run.report();
    expect([status, posts]).toEqual(['FAILED', 1]);
    expect(batches).toEqual([[report?.batchId, 'CANCELLED']]);
  });
});
