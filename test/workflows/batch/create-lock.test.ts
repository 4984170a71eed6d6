import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTimeSkippingTemporal, TARGETS, type TimeSkippingTemporal } from '../../../src/testing/index.js';
import { newDirectory } from '../../support/creates.js';
import { parse, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

const MINUTE_MS = 60_000;

describe('the create lock, on the time-skipping server', () => {
  let temporal: TimeSkippingTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startTimeSkippingTemporal();
    env = await startTestEnvironment(temporal);
  });

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  test('is released after three minutes when the list does not respond', async () => {
    const directory = await newDirectory(env);
    // Responds as usual before the batch exists, and with another body afterwards.
    const restore = env.emulator.rewrite(TARGETS.listBatches, (body) =>
      directory.batches().length === 0 ? body : 'Bad Gateway',
    );
    const run = await env.batches.start(parse(directory.directoryId));
    const report = await run.result();
    restore();
    expect(report.files.completed).toBe(1);
    expect(directory.batches().map(({ id }) => id)).toEqual([report.batchId]);
    expect(directory.posts()).toHaveLength(1);
    const events = await env.history(directory.lockId);
    const listed = events.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'findCreatedBatch',
    );
    const atMs = (event: (typeof events)[number] | undefined) => Number(event?.eventTime?.seconds) * 1_000;
    const heldMs = atMs(events.at(-1)) - atMs(listed);
    expect(heldMs).toBeGreaterThan(2 * MINUTE_MS);
    expect(heldMs).toBeLessThan(4 * MINUTE_MS);
  });

  test('is waited for, for days, by a run that continues as new', async () => {
    const { directoryId, lockId, batches } = await newDirectory(env);
    const occupant = await env.client.workflow.start('holdDocument', { workflowId: lockId, taskQueue: env.taskQueue });
    const run = await env.batches.start({ ...parse(directoryId), timeout: '30 days' });
    const latest = async () => (await env.client.workflow.getHandle(run.workflowId).describe()).runId;
    while ((await latest()) === run.runId) await temporal.env.sleep('2 hours');
    expect((await env.history(run.workflowId, run.runId)).length).toBeLessThan(5_000);
    expect(await run.progress()).toMatchObject({ phase: 'creating', directoryId });
    await occupant.signal('release');
    const { batchId } = await run.result();
    expect(batches().map(({ id }) => id)).toEqual([batchId]);
  });
});
