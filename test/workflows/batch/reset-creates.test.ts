import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createActivities, LlamaCloudClient, openOutputStore } from '../../../src/index.js';
import { type LocalTemporal, startLocalTemporal, TARGETS } from '../../../src/testing/index.js';
import { type Creates, describe as describeWorkflow, ended, resetWorkflow, setCreates } from '../../support/creates.js';
import { parse, type Stage, setStage } from '../../support/stage.js';
import { until } from '../../support/until.js';

const TIMEOUT_MS = 240_000;

describe('one batch and one POST, whatever a person resets', () => {
  let temporal: LocalTemporal;
  let stage: Stage;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    stage = await setStage(temporal, { emulator: { listLagMs: 2_000 } });
  });

  afterAll(async () => {
    await stage?.close();
    await temporal?.close();
  });

  const resultOf = (workflowId: string): Promise<{ batchId: string }> =>
    stage.client.workflow.getHandle(workflowId).result();

  function expectOne({ batches, posts }: Creates, { batchId }: { batchId: string }) {
    expect(batches().map(({ id }) => id)).toEqual([batchId]);
    expect(posts()).toHaveLength(1);
  }

  test.each(['first-task', 'before-child'] as const)(
    'the run, to its %s, while the answer to its create is lost',
    async (to) => {
      const creates = await setCreates(stage);
      stage.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
      const run = await stage.batches.start(parse(creates.directoryId));
      await creates.posted(1);
      await resetWorkflow(stage, run.workflowId, to);
      expectOne(creates, await resultOf(run.workflowId));
    },
    TIMEOUT_MS,
  );

  test.each(['first-task', 'before-child'] as const)(
    'the run, to its %s, while the list does not show its batch yet',
    async (to) => {
      const creates = await setCreates(stage);
      const run = await stage.batches.start(parse(creates.directoryId));
      await creates.learned();
      await resetWorkflow(stage, run.workflowId, to);
      expectOne(creates, await resultOf(run.workflowId));
    },
    TIMEOUT_MS,
  );

  test(
    'the run after its end, twice',
    async () => {
      const creates = await setCreates(stage);
      const run = await stage.batches.start(parse(creates.directoryId));
      await run.result();
      for (const _ of [1, 2]) {
        await resetWorkflow(stage, run.workflowId);
        expectOne(creates, await resultOf(run.workflowId));
      }
    },
    TIMEOUT_MS,
  );

  test(
    'the create, while its answer is lost',
    async () => {
      const creates = await setCreates(stage);
      stage.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
      const run = await stage.batches.start(parse(creates.directoryId));
      await creates.posted(1);
      await resetWorkflow(stage, creates.lockId);
      expectOne(creates, await resultOf(run.workflowId));
    },
    TIMEOUT_MS,
  );

  // After the look for earlier creates, and after the list of what was there: what they found is kept, and is of no use any more.
  test.each([1, 2])(
    'the create, to a later workflow task (%i), while the list does not show its batch yet',
    async (task) => {
      const creates = await setCreates(stage);
      const run = await stage.batches.start(parse(creates.directoryId));
      await creates.learned();
      await resetWorkflow(stage, creates.lockId, { task });
      expectOne(creates, await resultOf(run.workflowId));
    },
    TIMEOUT_MS,
  );

  test.each([1, 2])(
    'the create, to a later workflow task (%i), while its answer is lost',
    async (task) => {
      const creates = await setCreates(stage);
      stage.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
      const run = await stage.batches.start(parse(creates.directoryId));
      await creates.posted(1);
      await resetWorkflow(stage, creates.lockId, { task });
      expectOne(creates, await resultOf(run.workflowId));
    },
    TIMEOUT_MS,
  );

  test(
    'the create, while the list does not show its batch yet',
    async () => {
      const creates = await setCreates(stage);
      const run = await stage.batches.start(parse(creates.directoryId));
      await creates.learned();
      await resetWorkflow(stage, creates.lockId);
      expectOne(creates, await resultOf(run.workflowId));
    },
    TIMEOUT_MS,
  );

  test(
    'a run whose batch was cancelled gets a new one, and not the one of another run',
    async () => {
      const creates = await setCreates(stage);
      stage.emulator.configure({ batchRunningMs: 3_600_000 });
      const run = await stage.batches.start(parse(creates.directoryId), {
        workflowId: `cancelled-${creates.directoryId}`,
      });
      await ended(stage.client, creates.lockId);
      await run.cancel();
      await ended(stage.client, run.workflowId);
      stage.emulator.configure({ batchRunningMs: 0 });
      const other = await stage.batches.start(parse(creates.directoryId), {
        workflowId: `other-${creates.directoryId}`,
      });
      const theirs = await other.result();
      await resetWorkflow(stage, run.workflowId);
      const mine = await resultOf(run.workflowId);
      const [first, second, third] = creates.batches();
      expect(first?.status).toBe('CANCELLED');
      expect([second?.id, third?.id]).toEqual([theirs.batchId, mine.batchId]);
      expect(creates.posts()).toHaveLength(3);
    },
    TIMEOUT_MS,
  );

  /** The one activity of a create that is under way. */
  async function pendingPost({ lockId }: Creates) {
    await until('the POST to be under way', async () => {
      const pending = (await describeWorkflow(stage.client, lockId))?.raw.pendingActivities ?? [];
      return pending.some(({ activityType }) => activityType?.name === 'postBatch');
    });
    return { namespace: stage.client.options.namespace, execution: { workflowId: lockId }, type: 'postBatch' };
  }

  test(
    'the POST, while it is under way',
    async () => {
      const creates = await setCreates(stage);
      stage.emulator.faults.next({ kind: 'delay', delayMs: 2_500, ...TARGETS.createBatch });
      const run = await stage.batches.start(parse(creates.directoryId));
      await creates.posted(1);
      await stage.client.workflowService.resetActivity(await pendingPost(creates));
      expectOne(creates, await resultOf(run.workflowId));
    },
    TIMEOUT_MS,
  );

  test(
    'or pauses: the POST, whose answer is lost meanwhile',
    async () => {
      const { apiKey, url } = stage.emulator;
      // The worker learns of the pause by the heartbeat, after 5 s, and the POST has no answer after 7 s.
      const llamacloud = new LlamaCloudClient({ apiKey, baseUrl: url, timeoutMs: 7_000 });
      const activities = createActivities({ llamacloud, outputs: openOutputStore(stage.output), listLagMs: 6_000 });
      const worker = {
        activities,
        maxHeartbeatThrottleInterval: '500 ms',
        defaultHeartbeatThrottleInterval: '500 ms',
      } as const;
      const other = await setStage(temporal, { shared: stage, worker });
      onTestFinished(() => other.close());
      const creates = await setCreates(other);
      other.emulator.faults.next({ kind: 'delay', delayMs: 8_000, ...TARGETS.createBatch });
      const run = await other.batches.start(parse(creates.directoryId));
      await creates.posted(1);
      const target = await pendingPost(creates);
      await other.client.workflowService.pauseActivity({ ...target, identity: 'a test', reason: randomUUID() });
      await other.created(creates.directoryId);
      await other.client.workflowService.unpauseActivity(target);
      expectOne(creates, await resultOf(run.workflowId));
    },
    TIMEOUT_MS,
  );
});
