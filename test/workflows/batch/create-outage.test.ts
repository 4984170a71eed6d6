import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTimeSkippingTemporal, TARGETS, type TimeSkippingTemporal } from '../../../src/testing/index.js';
import { setCreates } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { parse, type Stage, setStage } from '../../support/stage.js';

/** Temporal suggests to continue as new from 4,096 events on. */
const EVENTS_FOR_EACH_POST = 30;

describe('a create while LlamaCloud is down', () => {
  let temporal: TimeSkippingTemporal;
  let stage: Stage;

  beforeAll(async () => {
    temporal = await startTimeSkippingTemporal();
    stage = await setStage(temporal);
  });

  afterAll(async () => {
    await stage?.close();
    await temporal?.close();
  });

  test('adds few events for each POST, and none for each retry of the list', async () => {
    const creates = await setCreates(stage);
    const { faults } = stage.emulator;
    const failures = 3;
    faults.next({ kind: 'status', status: 503, ...TARGETS.createBatch, times: failures });
    const run = await stage.batches.start(parse(creates.directoryId));
    await creates.posted(1);
    faults.next({ kind: 'status', status: 503, ...TARGETS.listBatches, times: 5 });
    const { batchId } = await run.result();
    expect(creates.posts()).toHaveLength(failures + 1);
    expect(creates.batches().map(({ id }) => id)).toEqual([batchId]);
    expect(faults.planned).toBe(0);
    const events = (await stage.history(creates.lockId)).length;
    expect(events).toBeLessThan(EVENTS_FOR_EACH_POST * failures);
  }, 240_000);

  test('ends with its run, whose failure says that a batch may be there', async () => {
    const creates = await setCreates(stage);
    const { faults } = stage.emulator;
    faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    const run = await stage.batches.start({ ...parse(creates.directoryId), timeout: '10 minutes' });
    await creates.posted(1);
    faults.next({ kind: 'status', status: 503, ...TARGETS.listBatches, times: 1_000 });
    const failure = await failureOf(run.result());
    faults.clear();
    expect(failure).toMatchObject({ type: 'ServiceUnavailable' });
    expect(failure.message).toContain(`a batch over directory ${creates.directoryId} may be running`);
    expect(creates.posts()).toHaveLength(1);
  }, 240_000);
});
