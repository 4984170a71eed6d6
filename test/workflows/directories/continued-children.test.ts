import { afterAll, beforeAll, expect, test } from 'vitest';
import { processBatchWorkflowId } from '../../../src/protocol/index.js';
import { type LocalTemporal, startLocalTemporal } from '../../../src/testing/index.js';
import { describeWorkflow, untilEnded } from '../../support/creates.js';
import { parseAll } from '../../support/directories.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

let temporal: LocalTemporal;
let env: TestEnvironment;

beforeAll(async () => {
  temporal = await startLocalTemporal();
  env = await startTestEnvironment(temporal, { emulator: { jobRunningMs: 3_600_000 } });
});

afterAll(async () => {
  await env?.close();
  await temporal?.close();
});

// Temporal's own cancellation of a child names its first run, and the server then cancels nothing.
test('a cancellation reaches a child that has continued as new', async () => {
  const { id } = await env.emulator.addDirectory(files(2));
  const run = await env.client.workflow.start('processDirectories', {
    workflowId: `continued-${id}`,
    taskQueue: env.taskQueue,
    args: [{ ...parseAll([id]), pageSize: 1 }],
  });
  const childId = processBatchWorkflowId(parseInput(id));
  const runId = async () => (await describeWorkflow(env.client, childId))?.runId;
  // The job of the first page is the one that is polled.
  const polled = () => env.emulator.requests.flatMap(({ query }) => query.job_ids ?? []);
  const jobId = await until('a poll of its job', () => polled()[0]);
  const firstRunId = await runId();
  env.emulator.jobs.setStatus(jobId, 'COMPLETED');
  await until('the second page', async () => (await runId()) !== firstRunId);
  await run.cancel();
  expect(await untilEnded(env.client, run.workflowId)).toBe('CANCELLED');
  expect(await untilEnded(env.client, childId)).toBe('CANCELLED');
  expect(env.emulator.jobs.running()).toEqual([]);
});
