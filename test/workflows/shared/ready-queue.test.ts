import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNamespace } from '../../support/namespace.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import type { workOnQueue } from '../../support/workflows.js';

describe('a ready queue', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
  });

  afterAll(() => env?.close());

  const start = (workflowId: string, ...args: Parameters<typeof workOnQueue>) =>
    env.client.workflow.start<typeof workOnQueue>('workOnQueue', { taskQueue: env.taskQueue, workflowId, args });

  test('processes at most its limit of items at a time, and a slow one does not delay the others', async () => {
    const run = await start('limited', 3, [5, 0, 0, 0, 0, 0, 0, 0]);
    const [finished, mostRunning] = await run.result();
    expect(mostRunning).toBe(3);
    expect(finished).toHaveLength(8);
    expect(finished.at(-1)).toBe(0);
  });

  test('fails the workflow task, and not the workflow, where the work has a bug', async () => {
    const run = await start('bug', 2, [0, 0, 60], 1);
    const event = await until('a failed workflow task', async () =>
      (await env.history('bug')).find((each) => each.workflowTaskFailedEventAttributes),
    );
    expect(event.workflowTaskFailedEventAttributes?.failure?.message).toContain('a bug in workflow code');
    expect((await run.describe()).status.name).toBe('RUNNING');
    await run.terminate();
  });
});
