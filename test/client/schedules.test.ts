import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openNamespace } from '../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../support/test-environment.js';
import { until } from '../support/until.js';

describe('BatchClient.schedule', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
  });

  afterEach(() => {
    env.emulator.configure({ batchRunningMs: 0 });
  });

  afterAll(() => env?.close());

  const batchesOver = (id: string) => env.emulator.batches.list().filter((batch) => batch.directoryId === id);
  const directory = async () => (await env.emulator.addDirectory(files(1))).id;
  const runsOf = async (scheduleId: string) => {
    const { info } = await env.batches.getSchedule(scheduleId).handle.describe();
    return info.recentActions.map(({ action }) => action.workflow.workflowId);
  };

  test('it fires at its interval, and its runs are ordinary runs, each with a batch of its own', async () => {
    const id = await directory();
    const schedule = await env.batches.schedule(parseInput(id), { scheduleId: `fires-${id}`, every: '1 second' });
    const runs = await until('two runs', async () => {
      const workflowIds = await runsOf(schedule.scheduleId);
      return workflowIds.length >= 2 && workflowIds;
    });
    await schedule.delete();
    const reports = await Promise.all(runs.map((run) => env.batches.attach(run).result()));
    for (const { files } of reports) expect(files).toMatchObject({ total: 1, completed: 1 });
    expect(new Set(reports.map(({ batchId }) => batchId)).size).toBe(runs.length);
    const [workflowId = ''] = runs;
    const description = await env.client.workflow.getHandle(workflowId).describe();
    expect(await description.staticSummary()).toContain(id);
  });

  test('it is triggered, paused, resumed and deleted', async () => {
    const id = await directory();
    const schedule = await env.batches.schedule(parseInput(id), {
      scheduleId: `moved-${id}`,
      cron: '0 2 1 1 *',
      paused: true,
      note: 'not yet',
    });
    const state = async () => (await schedule.handle.describe()).state;
    expect(await state()).toMatchObject({ paused: true, note: 'not yet' });
    await schedule.resume();
    expect((await state()).paused).toBe(false);
    await schedule.pause('holidays');
    expect(await state()).toMatchObject({ paused: true, note: 'holidays' });
    await schedule.trigger();
    const [workflowId = ''] = await until('a run', async () => {
      const runs = await runsOf(schedule.scheduleId);
      return runs.length > 0 && runs;
    });
    expect((await env.batches.attach(workflowId).result()).status).toBe('COMPLETED');
    await schedule.delete();
    await expect(schedule.handle.describe()).rejects.toThrow(/not found/i);
  });

  test('a trigger starts no run beside one that is under way, and pausing keeps the note', async () => {
    env.emulator.configure({ batchRunningMs: 3_600_000 });
    const id = await directory();
    const options = { scheduleId: `once-${id}`, cron: '0 2 1 1 *', note: 'of the archive' };
    const schedule = await env.batches.schedule(parseInput(id), options);
    await schedule.trigger();
    await until('the run', () => batchesOver(id).length === 1);
    await schedule.trigger();
    await until('the skip', async () => (await schedule.handle.describe()).info.numActionsSkippedOverlap === 1);
    expect(batchesOver(id)).toHaveLength(1);
    await schedule.pause();
    expect((await schedule.handle.describe()).state).toMatchObject({ paused: true, note: 'of the archive' });
    await schedule.delete();
  });

  test('a run of a schedule and a started one do not exclude each other, so the same work has two batches', async () => {
    env.emulator.configure({ batchRunningMs: 3_600_000 });
    const id = await directory();
    const schedule = await env.batches.schedule(parseInput(id), { scheduleId: `beside-${id}`, cron: '0 2 1 1 *' });
    const run = await env.batches.start(parseInput(id));
    await schedule.trigger();
    await until('both batches', () => batchesOver(id).length === 2);
    await schedule.delete();
    for (const batch of batchesOver(id)) env.emulator.batches.finish(batch.id);
    expect((await run.result()).files.completed).toBe(1);
  });

  test('what it was told is what Temporal keeps: times, zone, jitter, overlap and catch-up', async () => {
    const id = await directory();
    const { handle, scheduleId } = await env.batches.schedule(parseInput(id), {
      scheduleId: `kept-${id}`,
      cron: ['30 2 * * *', '0 14 * * 0'],
      every: '6 hours',
      timeZone: 'Europe/Berlin',
      jitter: '5 minutes',
    });
    const { spec, policies, action } = await handle.describe();
    expect(spec).toMatchObject({ timezone: 'Europe/Berlin', jitter: 300_000, intervals: [{ every: 21_600_000 }] });
    expect(spec.calendars).toHaveLength(2);
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 3_600_000, pauseOnFailure: false });
    expect(action).toMatchObject({ workflowType: 'processBatch', taskQueue: env.taskQueue, args: [parseInput(id)] });
    await until('the list', async () => {
      for await (const schedule of env.batches.listSchedules()) if (schedule.scheduleId === scheduleId) return true;
      return false;
    });
    await handle.delete();
  });

  test('a paused schedule is listed without a next run', async () => {
    const id = await directory();
    const schedule = await env.batches.schedule(parseInput(id), { scheduleId: `paused-${id}`, cron: '0 2 * * *' });
    const listed = (isPaused: boolean) =>
      until('Temporal to list it', async () => {
        for await (const { scheduleId, state, info } of env.batches.listSchedules())
          if (scheduleId === schedule.scheduleId && state.paused === isPaused) return info;
        return undefined;
      });
    expect((await listed(false)).nextActionTimes).not.toEqual([]);
    await schedule.pause();
    expect((await listed(true)).nextActionTimes).toEqual([]);
    await schedule.resume();
    expect((await schedule.handle.describe()).state.paused).toBe(false);
    await schedule.delete();
  });

  test('only schedules of batch runs are listed', async () => {
    const other = await env.client.schedule.create({
      scheduleId: 'somebody-else',
      spec: { intervals: [{ every: '1 day' }] },
      action: { type: 'startWorkflow', workflowType: 'other', taskQueue: 'other' },
    });
    await until('Temporal to list it', async () => {
      for await (const schedule of env.client.schedule.list()) if (schedule.scheduleId === 'somebody-else') return true;
      return false;
    });
    for await (const schedule of env.batches.listSchedules()) expect(schedule.scheduleId).not.toBe('somebody-else');
    await other.delete();
  });

  test('a schedule without times is refused', async () => {
    await expect(env.batches.schedule(parseInput('dir-1'), { scheduleId: 'never' })).rejects.toThrow('cron or every');
  });
});
