import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TARGETS } from '../../../src/testing/index.js';
import { newDirectory, untilEnded } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('runs over the same directory with the same job', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { listLagMs: 1_500 } });
  });

  afterAll(() => env?.close());

  const start = (directoryId: string, name: string, timeout: '1 hour' | '5 s' = '1 hour') =>
    env.batches.start({ ...parseInput(directoryId), timeout }, { workflowId: `${name}-${directoryId}` });

  test('at once, whose responses are all lost, have a batch each', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch, times: 2 });
    const runs = await Promise.all(['a', 'b'].map((name) => start(directory.directoryId, name)));
    const reports = await Promise.all(runs.map((run) => run.result()));
    const ids = directory.batches().map(({ id }) => id);
    expect(reports.map(({ batchId }) => batchId).sort()).toEqual(ids.sort());
    expect(new Set(ids).size).toBe(2);
    expect(directory.posts()).toHaveLength(2);
  });

  test('do not take the batch of one that was created just before, and that the list does not show yet', async () => {
    const directory = await newDirectory(env);
    const first = await start(directory.directoryId, 'first');
    await directory.untilBatchKnown();
    env.emulator.faults.next({ kind: 'reset-before', ...TARGETS.createBatch });
    const second = await start(directory.directoryId, 'second');
    const [mine, theirs] = await Promise.all([first.result(), second.result()]);
    expect(directory.batches().map(({ id }) => id)).toEqual([mine.batchId, theirs.batchId]);
    expect(directory.posts()).toHaveLength(3);
  });

  test('wait for one that LlamaCloud has told to wait, and say so', async () => {
    const directory = await newDirectory(env);
    env.emulator.faults.next({ kind: 'status', status: 429, retryAfter: 4, ...TARGETS.createBatch });
    env.emulator.faults.next({ kind: 'error-after', ...TARGETS.createBatch });
    const first = await start(directory.directoryId, 'first');
    await directory.untilPosted(1);
    const second = await start(directory.directoryId, 'second');
    await until('the second to say what it waits for', async () =>
      (await env.details(second.workflowId)).includes('Another run is creating a batch of the same directory'),
    );
    const reports = await Promise.all([first.result(), second.result()]);
    expect(new Set(reports.map(({ batchId }) => batchId)).size).toBe(2);
    expect(directory.batches()).toHaveLength(2);
  });

  describe('while another workflow has the id of the create', () => {
    /** A workflow that does not end by itself, under the id of the lock. */
    async function occupy(lockId: string) {
      return env.client.workflow.start('holdDocument', { workflowId: lockId, taskQueue: env.taskQueue });
    }
    const waits = (workflowId: string) =>
      until('the run to say so', async () => (await env.details(workflowId)).includes('This run waits for it'));

    test('create no batch while they are paused, also where it ends meanwhile', async () => {
      const directory = await newDirectory(env);
      const occupant = await occupy(directory.lockId);
      const run = await start(directory.directoryId, 'paused');
      await waits(run.workflowId);
      await run.pause();
      await occupant.signal('release');
      await occupant.result();
      const countAttempts = async () => {
        const events = await env.history(run.workflowId);
        const fired = new Set(events.map((event) => event.timerFiredEventAttributes?.timerId));
        const waits = events.flatMap(({ timerStartedEventAttributes: timer }) =>
          timer != null && Number(timer.startToFireTimeout?.seconds) <= 60 ? [timer] : [],
        );
        const attempts = events.filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes).length;
        return { attempts, isWaiting: waits.some(({ timerId }) => !fired.has(timerId)) };
      };
      const { attempts } = await countAttempts();
      await until('the next attempt to be due', async () => !(await countAttempts()).isWaiting);
      expect(await run.progress()).toMatchObject({ batchId: null });
      expect((await countAttempts()).attempts).toBe(attempts);
      await run.resume();
      const { batchId } = await run.result();
      expect(directory.batches().map(({ id }) => id)).toEqual([batchId]);
    });

    test('wait until it ends', async () => {
      const directory = await newDirectory(env);
      const occupant = await occupy(directory.lockId);
      const run = await start(directory.directoryId, 'waiting');
      await waits(run.workflowId);
      const waitingFor = expect.stringContaining(directory.lockId);
      expect(await run.progress()).toMatchObject({ phase: 'creating', waitingFor, blockedBy: waitingFor });
      await occupant.signal('release');
      expect(directory.batches()).toMatchObject([]);
      const { batchId } = await run.result();
      expect(await run.progress()).toMatchObject({ waitingFor: null, blockedBy: null });
      expect(directory.batches().map(({ id }) => id)).toEqual([batchId]);
    });

    test('end when they are cancelled', async () => {
      const directory = await newDirectory(env);
      const occupant = await occupy(directory.lockId);
      const run = await start(directory.directoryId, 'cancelled');
      await waits(run.workflowId);
      await run.cancel();
      expect(await untilEnded(env.client, run.workflowId)).toBe('CANCELLED');
      await occupant.terminate();
      expect(directory.posts()).toEqual([]);
    });

    test('end at their deadline', async () => {
      const directory = await newDirectory(env);
      const occupant = await occupy(directory.lockId);
      const run = await start(directory.directoryId, 'late', '5 s');
      expect(await failureOf(run.result())).toMatchObject({ type: 'BatchTimedOut' });
      await occupant.terminate();
      expect(directory.posts()).toEqual([]);
    });
  });
});
