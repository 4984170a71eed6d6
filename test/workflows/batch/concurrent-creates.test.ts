import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalTemporal, startLocalTemporal, TARGETS } from '../../../src/testing/index.js';
import { ended, setCreates } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { parse, type Stage, setStage } from '../../support/stage.js';
import { until } from '../../support/until.js';

const TIMEOUT_MS = 240_000;

describe('runs over the same directory with the same job', () => {
  let temporal: LocalTemporal;
  let stage: Stage;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    stage = await setStage(temporal, { emulator: { listLagMs: 1_500 } });
  });

  afterAll(async () => {
    await stage?.close();
    await temporal?.close();
  });

  const start = (directoryId: string, name: string, timeout: '1 hour' | '5 s' = '1 hour') =>
    stage.batches.start({ ...parse(directoryId), timeout }, { workflowId: `${name}-${directoryId}` });

  test(
    'at once, whose answers are all lost, have a batch each',
    async () => {
      const creates = await setCreates(stage);
      stage.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch, times: 2 });
      const runs = await Promise.all(['a', 'b'].map((name) => start(creates.directoryId, name)));
      const reports = await Promise.all(runs.map((run) => run.result()));
      const ids = creates.batches().map(({ id }) => id);
      expect(reports.map(({ batchId }) => batchId).sort()).toEqual(ids.sort());
      expect(new Set(ids).size).toBe(2);
      expect(creates.posts()).toHaveLength(2);
    },
    TIMEOUT_MS,
  );

  test(
    'do not take the batch of one that was created just before, and that the list does not show yet',
    async () => {
      const creates = await setCreates(stage);
      const first = await start(creates.directoryId, 'first');
      await creates.learned();
      stage.emulator.faults.next({ kind: 'reset-before', ...TARGETS.createBatch });
      const second = await start(creates.directoryId, 'second');
      const [mine, theirs] = await Promise.all([first.result(), second.result()]);
      expect(creates.batches().map(({ id }) => id)).toEqual([mine.batchId, theirs.batchId]);
      expect(creates.posts()).toHaveLength(3);
    },
    TIMEOUT_MS,
  );

  test(
    'wait for one that LlamaCloud has told to wait, and say so',
    async () => {
      const creates = await setCreates(stage);
      stage.emulator.faults.next({ kind: 'status', status: 429, retryAfter: 4, ...TARGETS.createBatch });
      stage.emulator.faults.next({ kind: 'error-after', ...TARGETS.createBatch });
      const first = await start(creates.directoryId, 'first');
      await creates.posted(1);
      const second = await start(creates.directoryId, 'second');
      await until('the second to say what it waits for', async () =>
        (await stage.details(second.workflowId)).includes('Another run is creating a batch of the same directory'),
      );
      const reports = await Promise.all([first.result(), second.result()]);
      expect(new Set(reports.map(({ batchId }) => batchId)).size).toBe(2);
      expect(creates.batches()).toHaveLength(2);
    },
    TIMEOUT_MS,
  );

  describe('while another workflow has the id of the create', () => {
    /** A workflow that does not end by itself, under the id of the lock. */
    async function occupy(lockId: string) {
      return stage.client.workflow.start('holdDocument', { workflowId: lockId, taskQueue: stage.taskQueue });
    }
    const waits = (workflowId: string) =>
      until('the run to say so', async () => (await stage.details(workflowId)).includes('This run waits for it'));

    test(
      'wait until it ends',
      async () => {
        const creates = await setCreates(stage);
        const occupant = await occupy(creates.lockId);
        const run = await start(creates.directoryId, 'waiting');
        await waits(run.workflowId);
        const waitingFor = expect.stringContaining(creates.lockId);
        expect(await run.progress()).toMatchObject({ phase: 'creating', waitingFor, blockedBy: waitingFor });
        await occupant.signal('release');
        expect(creates.batches()).toMatchObject([]);
        const { batchId } = await run.result();
        expect(await run.progress()).toMatchObject({ waitingFor: null, blockedBy: null });
        expect(creates.batches().map(({ id }) => id)).toEqual([batchId]);
      },
      TIMEOUT_MS,
    );

    test(
      'end when they are cancelled',
      async () => {
        const creates = await setCreates(stage);
        const occupant = await occupy(creates.lockId);
        const run = await start(creates.directoryId, 'cancelled');
        await waits(run.workflowId);
        await run.cancel();
        expect(await ended(stage.client, run.workflowId)).toBe('CANCELLED');
        await occupant.terminate();
        expect(creates.posts()).toEqual([]);
      },
      TIMEOUT_MS,
    );

    test(
      'end at their deadline',
      async () => {
        const creates = await setCreates(stage);
        const occupant = await occupy(creates.lockId);
        const run = await start(creates.directoryId, 'late', '5 s');
        expect(await failureOf(run.result())).toMatchObject({ type: 'BatchTimedOut' });
        await occupant.terminate();
        expect(creates.posts()).toEqual([]);
      },
      TIMEOUT_MS,
    );
  });

  test.each(['processBatch', 'createBatch'])('%s takes no state that somebody has made up', async (type) => {
    const creates = await setCreates(stage);
    const handle = await stage.client.workflow.start(type, {
      workflowId: `made-up-${type}`,
      taskQueue: stage.taskQueue,
      args: [parse(creates.directoryId), { batchId: 'bat-made-up' }],
    });
    expect(await failureOf(handle.result())).toMatchObject({ type: 'InvalidInput' });
    expect(creates.posts()).toEqual([]);
  });
});
