import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalTemporal, startLocalTemporal, TARGETS } from '../../../src/testing/index.js';
import { newDirectory, resetWorkflow } from '../../support/creates.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

let temporal: LocalTemporal;
let env: TestEnvironment;

beforeAll(async () => {
  temporal = await startLocalTemporal();
  env = await startTestEnvironment(temporal, { emulator: { listLagMs: 0 } });
});

afterAll(async () => {
  await env?.close();
  await temporal?.close();
});

test('a POST is not sent again by a reset to a point where it was under way', async () => {
  const { directoryId, lockId, untilPosted, batches, posts } = await newDirectory(env, 1);
  env.emulator.faults.next({ kind: 'delay', delayMs: 2_000, ...TARGETS.createBatch });
  const run = await env.batches.start(parseInput(directoryId));
  await untilPosted(1);
  const tasks = async () =>
    (await env.history(lockId)).filter((event) => event.workflowTaskCompletedEventAttributes != null).length;
  const before = await tasks();
  // Any signal makes a workflow task.
  await env.client.workflow.getHandle(lockId).signal('hello');
  const after = await until('the task', async () => {
    const count = await tasks();
    return count > before && count;
  });
  await resetWorkflow(env, lockId, { task: after - 1 });
  const { batchId } = await run.result();
  expect(batches().map(({ id }) => id)).toEqual([batchId]);
  expect(posts()).toHaveLength(1);
});
