import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDirectory } from '../../support/creates.js';
import { openNamespace } from '../../support/namespace.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

let env: TestEnvironment;

beforeAll(async () => {
  env = await startTestEnvironment(await openNamespace());
});

afterAll(() => env?.close());

test('a second argument that somebody has made up is refused by each run of a cron, which comes after another as one that continues does', async () => {
  const { directoryId, posts } = await newDirectory(env);
  const args = [parseInput(directoryId), { phase: 'waiting', batchId: 'bat-1' }];
  const options = { workflowId: 'cron', taskQueue: env.taskQueue, cronSchedule: '@every 1s', args };
  const first = await env.client.workflow.start('processBatch', options);
  const { runId } = await until('the next run to end', async () => {
    for await (const run of env.client.workflow.list({ query: `WorkflowId = 'cron' AND ExecutionStatus = 'Failed'` }))
      if (run.runId !== first.firstExecutionRunId) return run;
    return false;
  });
  await first.terminate();
  const end = (await env.history('cron', runId)).at(-1)?.workflowExecutionFailedEventAttributes;
  expect(end?.failure?.applicationFailureInfo?.type).toBe('InvalidInput');
  expect(posts()).toEqual([]);
});
