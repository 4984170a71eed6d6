import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LocalTemporal, startLocalTemporal, TARGETS } from '../../../src/testing/index.js';
import { newDirectory, untilEnded } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;

describe('a run that is terminated while it creates, and whose batch is COMPLETED', () => {
  let temporal: LocalTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    // Nothing but a cancel ends the jobs, and `createBatch` does not see its batch in the list.
    env = await startTestEnvironment(temporal, { emulator: { listLagMs: HOUR, jobRunningMs: HOUR } });
  });

  afterEach(() => env.emulator.faults.clear());

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  /** The job of a run's only file runs. */
  async function creating() {
    const directory = await newDirectory(env, 1);
    const run = await env.batches.start(parseInput(directory.directoryId));
    const batchId = await directory.untilBatchKnown();
    const jobs = () => env.emulator.jobs.list().filter((job) => job.batchId === batchId);
    await until('the job to run', () => jobs()[0]?.status === 'RUNNING');
    return { ...directory, batchId, handle: env.client.workflow.getHandle(run.workflowId), jobs };
  }

  test('leaves no job running', async () => {
    const { lockId, handle, jobs, batches } = await creating();
    await handle.terminate();
    expect(await untilEnded(env.client, lockId)).toBe('COMPLETED');
    expect(batches()[0]?.status).toBe('COMPLETED');
    expect(jobs().map(({ status }) => status)).toEqual(['CANCELLED']);
  });

  test('fails its createBatch, which names the batch and the jobs that could not be cancelled', async () => {
    const { lockId, batchId, handle, jobs } = await creating();
    env.emulator.faults.next({ kind: 'status', status: 409, ...TARGETS.cancelJob });
    await handle.terminate();
    const failure = await failureOf(env.client.workflow.getHandle(lockId).result());
    expect(failure.message).toContain(`batch ${batchId} or jobs of it may go on`);
    expect(failure.message).toContain(`1 jobs could not be cancelled (${jobs()[0]?.id})`);
  });

  test('the same, of a run that is cancelled: it tries again, and succeeds', async () => {
    const { lockId, batchId, handle, jobs } = await creating();
    env.emulator.faults.next({ kind: 'status', status: 409, ...TARGETS.cancelJob });
    await handle.cancel();
    expect(await untilEnded(env.client, handle.workflowId)).toBe('CANCELLED');
    expect(await untilEnded(env.client, lockId)).toBe('FAILED');
    expect(jobs().map(({ status }) => status)).toEqual(['CANCELLED']);
    expect((await handle.describe()).memo?.llamacloudBatchId).toBe(batchId);
  });
});
