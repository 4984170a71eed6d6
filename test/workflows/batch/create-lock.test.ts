import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTimeSkippingTemporal, TARGETS, type TimeSkippingTemporal } from '../../../src/testing/index.js';
import { setCreates } from '../../support/creates.js';
import { parse, type Stage, setStage } from '../../support/stage.js';

const MINUTE_MS = 60_000;

describe('the create lock, on the time-skipping server', () => {
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

  test('is released after three minutes when the list does not respond', async () => {
    const creates = await setCreates(stage);
    // Responds as usual before the batch exists, and with another body afterwards.
    const restore = stage.emulator.rewrite(TARGETS.listBatches, (body) =>
      creates.batches().length === 0 ? body : 'Bad Gateway',
    );
    const run = await stage.batches.start(parse(creates.directoryId));
    const report = await run.result();
    restore();
    expect(report.files.completed).toBe(1);
    expect(creates.batches().map(({ id }) => id)).toEqual([report.batchId]);
    expect(creates.posts()).toHaveLength(1);
    const events = await stage.history(creates.lockId);
    const listed = events.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'findCreatedBatch',
    );
    const atMs = (event: (typeof events)[number] | undefined) => Number(event?.eventTime?.seconds) * 1_000;
    const heldMs = atMs(events.at(-1)) - atMs(listed);
    expect(heldMs).toBeGreaterThan(2 * MINUTE_MS);
    expect(heldMs).toBeLessThan(4 * MINUTE_MS);
  });
});
