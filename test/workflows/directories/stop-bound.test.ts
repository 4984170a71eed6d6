import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTimeSkippingTemporal, type TimeSkippingTemporal } from '../../../src/testing/index.js';
import { newDirectoriesState } from '../../../src/workflows/directories/state.js';
import { parseAll } from '../../support/directories.js';
import { failureOf } from '../../support/failure.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const MINUTE = 60_000;

describe('a run over many directories that is stopped', () => {
  let temporal: TimeSkippingTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startTimeSkippingTemporal();
    const writeDirectoriesManifest = async () => {
      throw ApplicationFailure.create({ message: 'the disk is full', type: 'OutputFailed', nextRetryDelay: MINUTE });
    };
    env = await startTestEnvironment(temporal, { activities: { writeDirectoriesManifest } });
  });

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  test('ends after ten minutes in which no part of its manifest can be written, however many parts there are', async () => {
    const { workflowId } = await env.client.workflow.start('resumeAs', {
      workflowId: 'with-a-full-disk',
      taskQueue: env.taskQueue,
      args: [
        'processDirectories',
        parseAll(['dir-none-1', 'dir-none-2', 'dir-none-3', 'dir-none-4']),
        { ...newDirectoriesState(Date.now()), pageSize: 1 },
      ],
    });
    await until('the first part of the manifest to fail', async () => {
      const { pendingActivities } = (await env.client.workflow.getHandle(workflowId).describe()).raw;
      return pendingActivities?.some(({ lastFailure }) => lastFailure?.message === 'the disk is full') ?? false;
    });
    const run = env.batches.attachDirectories(workflowId);
    await run.cancel();
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');

    const events = await env.history(workflowId);
    const atMs = (event: (typeof events)[number] | undefined) => Number(event?.eventTime?.seconds) * 1_000;
    const cancelled = events.find((event) => event.workflowExecutionCancelRequestedEventAttributes);
    const tookMs = atMs(events.at(-1)) - atMs(cancelled);
    expect(tookMs).toBeGreaterThan(8 * MINUTE);
    expect(tookMs).toBeLessThan(11 * MINUTE);
    expect(await run.progress()).toMatchObject({
      phase: 'cancelled',
      directories: { total: 4, skipped: 3 },
      manifest: null,
    });
  });
});
