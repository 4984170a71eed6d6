import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTimeSkippingTemporal, TARGETS, type TimeSkippingTemporal } from '../../../src/testing/index.js';
import { newDirectory } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { parse, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

/** Temporal suggests to continue as new from 4,096 events on. */
const EVENTS_FOR_EACH_POST = 30;

describe('a create while LlamaCloud is down', () => {
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

  test('adds few events for each POST, and none for each retry of the list', async () => {
    const directory = await newDirectory(env);
    const { faults } = env.emulator;
    const failures = 3;
    faults.next({ kind: 'status', status: 503, ...TARGETS.createBatch, times: failures });
    const run = await env.batches.start(parse(directory.directoryId));
    await directory.untilPosted(1);
    faults.next({ kind: 'status', status: 503, ...TARGETS.listBatches, times: 5 });
    const { batchId } = await run.result();
    expect(directory.posts()).toHaveLength(failures + 1);
    expect(directory.batches().map(({ id }) => id)).toEqual([batchId]);
    expect(faults.planned).toBe(0);
    const events = (await env.history(directory.lockId)).length;
    expect(events).toBeLessThan(EVENTS_FOR_EACH_POST * failures);
  }, 240_000);

  test('fails at once, without a look for a batch, where LlamaCloud rejects its first POST', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'status', status: 429, retryAfter: 1, ...TARGETS.createBatch });
    env.emulator.faults.next({ kind: 'status', status: 401, ...TARGETS.createBatch });
    const run = await env.batches.start(parse(directory.directoryId));
    // What may be listed between the two POSTs is listed before the second one.
    await directory.untilPosted(2);
    env.emulator.faults.next({ kind: 'status', status: 401, ...TARGETS.listBatches, times: 1_000 });
    expect(await failureOf(run.result())).toMatchObject({ type: 'NotAuthorized' });
    env.emulator.faults.clear();
    const listed = (await env.history(directory.lockId)).filter(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'findCreatedBatch',
    );
    expect(listed).toHaveLength(1);
  });

  test('ends with its run, whose failure says that a batch may be there', async () => {
    const directory = await newDirectory(env);
    const { faults } = env.emulator;
    faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    const run = await env.batches.start({ ...parse(directory.directoryId), timeout: '10 minutes' });
    await directory.untilPosted(1);
    faults.next({ kind: 'status', status: 503, ...TARGETS.listBatches, times: 1_000 });
    const failure = await failureOf(run.result());
    faults.clear();
    expect(failure).toMatchObject({ type: 'ServiceUnavailable' });
    expect(failure.message).toContain(`a batch over directory ${directory.directoryId} may be running`);
    expect(directory.posts()).toHaveLength(1);
  }, 240_000);
});
