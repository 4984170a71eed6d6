import { afterEach, describe, expect, test } from 'vitest';
import { ACTIVITY_TASK_QUEUE_TYPE } from '../../src/protocol/index.js';
import { TARGETS } from '../../src/testing/index.js';
import { failureOf } from '../support/failure.js';
import { openNamespace } from '../support/namespace.js';
import {
  files,
  parseInput,
  startTestEnvironment,
  type TestEnvironment,
  type TestEnvironmentOptions,
} from '../support/test-environment.js';
import { until } from '../support/until.js';

const HOUR = 3_600_000;
const QUICK_POLLS = { poll: { initialInterval: 1_000, maximumInterval: 1_000 } };

/** Long enough for some polls of each run. */
const QUIET_MS = 4_000;

describe('an account that a person pauses', () => {
  let env: TestEnvironment;

  afterEach(() => env?.close());

  async function start(options: TestEnvironmentOptions = {}) {
    env = await startTestEnvironment(await openNamespace(), {
      ...options,
      emulator: { batchRunningMs: HOUR, batchCancelMs: 0, ...options.emulator },
    });
  }

  async function startRun() {
    const { id } = await env.emulator.addDirectory(files(2));
    return { id, run: await env.batches.start({ ...parseInput(id), ...QUICK_POLLS }) };
  }

  const batchesOver = (id: string) => env.emulator.batches.list().filter(({ directoryId }) => directoryId === id);

  async function expectQuiet() {
    // The attempts that have started end.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const before = env.emulator.requests.length;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    expect(env.emulator.requests.slice(before)).toEqual([]);
  }

  test('sends nothing for a run that is open and for one that is started then, says who and why, and both go on when it is resumed', async () => {
    await start();
    const open = await startRun();
    const batch = await env.untilCreated(open.id);
    const pause = await env.batches.pauseAccount({ by: 'ann', reason: 'no credits' });
    expect(pause).toMatchObject({ by: 'ann', reason: 'no credits', replacedLimit: null });
    expect(Date.now() - Date.parse(pause.since)).toBeLessThan(60_000);
    const late = await startRun();
    await expectQuiet();
    expect(batchesOver(late.id)).toEqual([]);
    const { replacedLimit, ...shown } = pause;
    expect(await env.batches.findAccountPause()).toEqual(shown);
    for (const { run } of [open, late]) {
      const progress = await run.progress();
      expect(progress.accountPause).toEqual(shown);
      expect(progress.blockedBy).toBe(`The account is paused by ann since ${pause.since}: no credits`);
    }
    expect(replacedLimit).toBeNull();
    env.emulator.batches.finish(batch.id);
    expect(await env.batches.resumeAccount()).toEqual(shown);
    env.emulator.batches.finish((await env.untilCreated(late.id)).id);
    for (const { id, run } of [open, late]) {
      expect((await run.result()).files).toMatchObject({ total: 2, completed: 2 });
      expect(batchesOver(id)).toHaveLength(1);
      expect(await run.progress()).toMatchObject({ accountPause: null, blockedBy: null });
    }
    expect([await env.batches.findAccountPause(), await env.batches.resumeAccount()]).toEqual([null, null]);
  });

  test('collects nothing either, although children collect past the task queue', async () => {
    await start({ emulator: { jobRunningMs: HOUR } });
    const { id, run } = await startRun();
    const batch = await env.untilCreated(id);
    await until('the run to wait', async () => (await run.progress()).phase === 'waiting');
    env.emulator.batches.finish(batch.id);
    await until('the run to wait for its jobs', async () => (await run.progress()).phase === 'processing');
    // The list of the ended jobs arrives when the account is paused.
    env.emulator.faults.next({ kind: 'delay', delayMs: 3_000, method: 'GET', path: /^\/api\/v2\/parse$/ });
    const listed = env.emulator.requests.length;
    await until('the list to be under way', () =>
      env.emulator.requests.slice(listed).some(({ path }) => path === '/api/v2/parse'),
    );
    env.emulator.batches.finishJobs(batch.id);
    await env.batches.pauseAccount();
    await until('the children', async () => (await run.progress()).jobsEnded === 2);
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    expect(env.emulator.requests.filter(({ path }) => /^\/api\/v2\/parse\/./.test(path))).toEqual([]);
    await env.batches.resumeAccount();
    expect((await run.result()).files).toMatchObject({ completed: 2 });
  });

  test('still cancels the batch of a run that is cancelled', async () => {
    await start();
    const { id, run } = await startRun();
    await env.untilCreated(id);
    await env.batches.pauseAccount();
    await expectQuiet();
    await run.cancel();
    await until('the cancel', () => batchesOver(id)[0]?.status === 'CANCELLED');
    await env.batches.resumeAccount();
    await expect(run.result()).rejects.toThrow();
    expect((await run.progress()).failure?.message).toContain('the batch is CANCELLED');
  });

  test('still lists in the manifest what a run has collected that fails meanwhile', async () => {
    await start();
    const { id } = await env.emulator.addDirectory(files(2));
    const child = { workflowType: 'holdDocument' };
    const run = await env.batches.start({ ...parseInput(id), ...QUICK_POLLS, pageSize: 1, child });
    const batch = await env.untilCreated(id);
    env.emulator.batches.finish(batch.id);
    await until('the child of the first page', async () => (await run.progress()).running === 1);
    env.emulator.batches.setStatus(batch.id, 'FAILED');
    env.emulator.faults.next({ kind: 'delay', delayMs: 5_000, ...TARGETS.getBatch });
    const reads = () => env.emulator.requests.filter(({ path }) => path === `/api/v2/batches/${batch.id}`).length;
    const before = reads();
    const query = `ParentWorkflowId = '${run.workflowId}' AND WorkflowType = 'holdDocument'`;
    await until('the child to be listed', async () => {
      for await (const { workflowId } of env.client.workflow.list({ query })) {
        await env.client.workflow.getHandle(workflowId).signal('release');
        return true;
      }
      return false;
    });
    await until('the second page to be read', () => reads() > before);
    await env.batches.pauseAccount();
    expect(await failureOf(run.result())).toMatchObject({ type: 'BatchFailed' });
    expect(await env.manifest((await run.progress()).manifest)).toMatchObject([{ status: 'COMPLETED' }]);
  });

  test('has one limit: it replaces that of the workers and one that somebody has set, and gives the first one back', async () => {
    await start({ worker: { maxTaskQueueActivitiesPerSecond: 50 } });
    const taskQueue = { namespace: env.client.options.namespace, taskQueue: env.taskQueue };
    const { workflowService } = env.client.connection;
    const readLimit = async () => {
      const described = await workflowService.describeTaskQueue({
        namespace: taskQueue.namespace,
        taskQueue: { name: env.taskQueue },
        taskQueueType: ACTIVITY_TASK_QUEUE_TYPE,
        reportConfig: true,
      });
      return described.effectiveRateLimit?.requestsPerSecond;
    };
    await workflowService.updateTaskQueueConfig({
      ...taskQueue,
      taskQueueType: ACTIVITY_TASK_QUEUE_TYPE,
      updateQueueRateLimit: { rateLimit: { requestsPerSecond: 7 }, reason: 'slowly' },
    });
    expect(await env.batches.findAccountPause()).toBeNull();
    // Nothing to resume: this limit is no pause.
    expect(await env.batches.resumeAccount()).toBeNull();
    expect(await env.batches.pauseAccount()).toMatchObject({ replacedLimit: 7, reason: null });
    const { run, id } = await startRun();
    await expectQuiet();
    expect(batchesOver(id)).toEqual([]);
    await env.batches.resumeAccount();
    await until('the limit of the workers', async () => (await readLimit()) === 50);
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    expect((await run.result()).files).toMatchObject({ completed: 2 });
  });
});
