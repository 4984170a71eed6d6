import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Activities } from '../../src/activities/types.js';
import { registerSearchAttributes } from '../../src/index.js';
import { CONTROL_SIGNAL, STUCK_SIGNAL } from '../../src/protocol/index.js';
import { TARGETS } from '../../src/testing/index.js';
import { parseAll } from '../support/directories.js';
import { failureOf } from '../support/failure.js';
import { openNamespace } from '../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../support/test-environment.js';
import { until } from '../support/until.js';

const HOUR = 3_600_000;

/** Batches here end when the test says so. */
describe('a run that a person pauses', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    const temporal = await openNamespace();
    await registerSearchAttributes(temporal.client.connection, temporal.namespace);
    env = await startTestEnvironment(temporal, { emulator: { batchRunningMs: HOUR, batchCancelMs: 0 } });
  });

  afterAll(() => env?.close());

  const QUICK = { poll: { initialInterval: 1_000, maximumInterval: 1_000 } };

  async function startWaiting(fileCount: number) {
    const { id } = await env.emulator.addDirectory(files(fileCount));
    const run = await env.batches.start({ ...parseInput(id), ...QUICK });
    const batch = await env.untilCreated(id);
    await until('the run to wait', async () => (await run.progress()).phase === 'waiting');
    const polls = () => env.emulator.requests.filter(({ path }) => path === `/api/v2/batches/${batch.id}`).length;
    return { run, batch, polls };
  }

  const runState = async (workflowId: string) =>
    (await env.client.workflow.getHandle(workflowId).describe()).searchAttributes.LlamaCloudRunState;

  test('polls no more and starts no children, says so everywhere, and goes on when it is resumed', async () => {
    const { run, batch, polls } = await startWaiting(3);
    const pause = await run.pause({ by: 'ann', reason: 'an *incident*' });
    expect(pause).toMatchObject({ by: 'ann', reason: 'an *incident*' });
    expect(await run.progress()).toMatchObject({ phase: 'waiting', pause });
    expect(await env.details(run.workflowId)).toMatch(
      /^### Paused: .*\n\nPaused by `ann` since \S+ \S+ UTC: `an \*incident\*`/,
    );
    expect(await runState(run.workflowId)).toEqual(['PAUSED']);
    env.emulator.batches.finish(batch.id);
    const before = polls();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(polls()).toBe(before);
    await run.resume();
    expect((await run.result()).files).toMatchObject({ total: 3, completed: 3 });
    expect(await runState(run.workflowId)).toBeUndefined();
    expect((await run.progress()).pause).toBeNull();
  });

  test('lets the children go on that are open, and opens no others; the number of them can be changed', async () => {
    const { id } = await env.emulator.addDirectory(files(6));
    const child = { workflowType: 'holdDocument' };
    const run = await env.batches.start({ ...parseInput(id), child, maxConcurrentJobs: 2 });
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    const open = async () => (await run.progress()).running;
    const released = new Set<string>();
    const release = async (count: number) => {
      const query = `ParentWorkflowId = '${run.workflowId}' AND WorkflowType = 'holdDocument' AND ExecutionStatus = 'Running'`;
      const children = await until('open children', async () => {
        const found: { workflowId: string }[] = [];
        for await (const workflow of env.client.workflow.list({ query }))
          if (!released.has(workflow.workflowId)) found.push(workflow);
        return found.length >= count && found;
      });
      for (const { workflowId } of children.slice(0, count)) {
        await env.client.workflow.getHandle(workflowId).signal('release');
        released.add(workflowId);
      }
    };
    await until('two children', async () => (await open()) === 2);
    await run.pause();
    await release(2);
    await until('no children', async () => (await open()) === 0);
    await run.setMaxConcurrentJobs(3);
    expect(await run.progress()).toMatchObject({ running: 0, maxConcurrentJobs: 3, files: { completed: 2 } });
    await run.resume();
    await until('three children', async () => (await open()) === 3);
    await release(3);
    await release(1);
    expect((await run.result()).files).toMatchObject({ completed: 6 });
  });

  test('creates no batch, if it has none yet', async () => {
    const { id } = await env.emulator.addDirectory(files(2));
    env.emulator.faults.next({ kind: 'delay', delayMs: 2_000, ...TARGETS.listFiles });
    const run = await env.batches.start(parseInput(id));
    await until('the run', async () => (await run.progress()).phase === 'opening');
    await run.pause();
    await until('the input to be checked', async () => (await run.progress()).job !== null);
    expect((await run.progress()).batchId).toBeNull();
    expect(await runState(run.workflowId)).toEqual(['PAUSED']);
    await run.resume();
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    expect((await run.result()).files).toMatchObject({ completed: 2 });
  });

  test('can still be cancelled, and refuses what makes no sense', async () => {
    const { run, batch } = await startWaiting(1);
    for (const refused of [
      () => run.setMaxConcurrentJobs(0),
      () => run.setMaxConcurrentJobs(1.5),
      () => run.setMaxConcurrentJobs(501),
      () => env.client.workflow.getHandle(run.workflowId).executeUpdate('pause', { args: ['soon'] }),
      () => env.client.workflow.getHandle(run.workflowId).executeUpdate('pause', { args: [{ until: 'noon' }] }),
    ])
      await expect(refused()).rejects.toThrow(WorkflowUpdateFailedError);
    await run.pause({ reason: 'x'.repeat(10_000) });
    expect((await run.progress()).pause?.reason?.length).toBeLessThanOrEqual(500);
    await run.cancel();
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');
    expect(env.emulator.batches.list().find(({ id }) => id === batch.id)?.status).toBe('CANCELLED');
    expect((await run.progress()).pause).toBeNull();
    expect(await runState(run.workflowId)).toBeUndefined();
  });

  test('ends with its run, where the last children that were open end it', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const run = await env.batches.start({ ...parseInput(id), child: { workflowType: 'holdDocument' } });
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    await until('its child', async () => (await run.progress()).running === 1);
    await run.pause();
    for await (const { workflowId } of env.client.workflow.list({ query: `ParentWorkflowId = '${run.workflowId}'` }))
      if (workflowId.includes('dfl-')) await env.client.workflow.getHandle(workflowId).signal('release');
    await run.result();
    expect((await run.progress()).pause).toBeNull();
    expect(await env.details(run.workflowId)).toContain('### Completed');
    expect(await runState(run.workflowId)).toBeUndefined();
  });

  test('takes no signal of this package that a person has made up', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const run = await env.batches.startDirectories({ ...parseAll([id]), ...QUICK });
    const batch = await env.untilCreated(id);
    const handle = env.client.workflow.getHandle(run.workflowId);
    const MADE_UP = [
      undefined,
      null,
      1,
      'x',
      {},
      { pause: {}, maxConcurrentJobs: null },
      { pause: null },
      { directoryId: 1 },
      ...[0, -1, 501, 1.5].map((maxConcurrentJobs) => ({ pause: null, maxConcurrentJobs })),
    ];
    for (const argument of MADE_UP)
      for (const signal of [CONTROL_SIGNAL, STUCK_SIGNAL]) await handle.signal(signal, argument);
    expect(await run.progress()).toMatchObject({ pause: null, maxConcurrentJobs: null });
    const link = '[x](https://store.example)';
    const pause = { reason: 'x'.repeat(100_000), by: null, since: link };
    await handle.signal(CONTROL_SIGNAL, { pause, maxConcurrentJobs: null });
    expect((await run.progress()).pause?.reason?.length).toBeLessThanOrEqual(500);
    await handle.signal(STUCK_SIGNAL, { directoryId: id, since: link });
    await until('the run to be stuck', async () => (await run.progress()).stuck !== null);
    expect(await env.details(run.workflowId)).toContain('since an unknown time');
    expect(await env.details(run.workflowId)).not.toContain('store.example');
    await run.resume();
    env.emulator.batches.finish(batch.id);
    expect((await run.result()).files).toMatchObject({ completed: 1 });
    const events = await env.history(run.workflowId);
    expect(events.some((event) => event.workflowTaskFailedEventAttributes)).toBe(false);
  });

  test('over many directories starts no batch that it was about to start', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let waiting = false;
    const activities = ({ findEarlierChild }: Activities) => ({
      findEarlierChild: async (...args: Parameters<Activities['findEarlierChild']>) => {
        waiting = true;
        await gate;
        return findEarlierChild(...args);
      },
    });
    const other = await startTestEnvironment(await openNamespace(), { activities });
    onTestFinished(() => other.close());
    const { id } = await other.emulator.addDirectory(files(1));
    const run = await other.batches.startDirectories(parseAll([id]));
    await until('the step before the start', () => waiting);
    await run.pause();
    open();
    const events = async (
      name: 'activityTaskCompletedEventAttributes' | 'startChildWorkflowExecutionInitiatedEventAttributes',
    ) => (await other.history(run.workflowId)).filter((event) => event[name]).length;
    await until('the end of that step', async () => (await events('activityTaskCompletedEventAttributes')) === 2);
    expect(await run.progress()).toMatchObject({ phase: 'processing' });
    expect(await events('startChildWorkflowExecutionInitiatedEventAttributes')).toBe(0);
    await run.resume();
    expect((await run.result()).files).toMatchObject({ completed: 1 });
  });

  test('over many directories starts no batches, pauses those that are open, and passes on the number of children', async () => {
    const directories = await Promise.all([files(1), files(1)].map((each) => env.emulator.addDirectory(each)));
    const ids = directories.map(({ id }) => id);
    const run = await env.batches.startDirectories({ ...parseAll(ids), ...QUICK, maxConcurrentBatches: 1 });
    const created = () => env.emulator.batches.list().filter(({ directoryId }) => ids.includes(directoryId ?? ''));
    const [first] = await until('the first batch', () => created().length > 0 && created());
    const child = env.batches.attach(`llamacloud/${first?.directoryId}/parse_v2/cfg-PARSE_AGENTIC`);
    await until('its run to wait', async () => (await child.progress()).phase === 'waiting');
    await run.setMaxConcurrentJobs(7);
    await run.pause({ by: 'ann' });
    expect(await runState(run.workflowId)).toEqual(['PAUSED']);
    await until('the pause of its run', async () => (await child.progress()).pause?.by === 'ann');
    expect(await child.progress()).toMatchObject({ maxConcurrentJobs: 7 });
    // One that is resumed by itself ends, and no other takes its place.
    env.emulator.batches.finish(first?.id ?? '');
    await child.resume();
    await until('its end', async () => (await run.progress()).directories.completed === 1);
    expect(await run.progress()).toMatchObject({ running: 0, phase: 'processing' });
    expect(created()).toHaveLength(1);
    env.emulator.configure({ batchRunningMs: 0 });
    await run.resume();
    expect((await run.result()).directories).toMatchObject({ completed: 2 });
    env.emulator.configure({ batchRunningMs: HOUR });
  });
});
