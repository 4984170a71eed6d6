import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchWorkflowId } from '../../../src/index.js';
import { type LocalTemporal, startLocalTemporal } from '../../../src/testing/index.js';
import { newDirectory, resetWorkflow, type TestDirectory, untilEnded } from '../../support/creates.js';
import { parseAll } from '../../support/directories.js';
import { parse, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;

/** Batches here end when the test says so. */
describe('a run over two directories that a person resets', () => {
  let temporal: LocalTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    env = await startTestEnvironment(temporal, { emulator: { batchRunningMs: HOUR } });
  });

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  /** A run whose two batches are waited for. */
  async function start() {
    const directories = [await newDirectory(env), await newDirectory(env)];
    const ids = directories.map(({ directoryId }) => directoryId);
    const run = await env.batches.startDirectories({ ...parseAll(ids), poll: { maximumInterval: 1_000 } });
    const children = ids.map((id) => env.batches.attach(batchWorkflowId(parse(id))));
    for (const child of children) {
      await until('the batch to be waited for', async () => {
        const progress = await child.progress().catch(() => undefined);
        return progress?.phase === 'waiting';
      });
    }
    return { directories, run, children };
  }

  const statuses = ({ batches }: TestDirectory) => batches().map(({ status }) => status);

  /** Resets to the last workflow task, in which the children are open. */
  async function resetToEnd(workflowId: string): Promise<void> {
    const events = await env.history(workflowId);
    const tasks = events.filter((event) => event.workflowTaskCompletedEventAttributes != null);
    await resetWorkflow(env, workflowId, { task: tasks.length - 1 });
  }

  test('with open children, and then cancels, cancels their batches and waits for them', async () => {
    const { directories, run } = await start();
    await resetToEnd(run.workflowId);
    await env.client.workflow.getHandle(run.workflowId).cancel();
    expect(await untilEnded(env.client, run.workflowId)).toBe('CANCELLED');

    expect(directories.map(statuses)).toEqual([['CANCELLED'], ['CANCELLED']]);
    const report = await env.batches.attachDirectories(run.workflowId).report();
    expect(report?.directories).toMatchObject({ total: 2, cancelled: 2 });
  }, 60_000);
});
