import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchWorkflowId, isFailure, registerSearchAttributes } from '../../src/index.js';
import { parseAll } from '../support/directories.js';
import { failureOf } from '../support/failure.js';
import { openNamespace } from '../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../support/test-environment.js';
import { until } from '../support/until.js';

const HOUR = 3_600_000;

/** Batches and jobs here end when the test says so. */
describe('a run in which nothing changes for longer than stuckAfter', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    const temporal = await openNamespace();
    await registerSearchAttributes(temporal.client.connection, temporal.namespace);
    const emulator = { batchRunningMs: HOUR, jobRunningMs: HOUR, batchCancelMs: 0 };
    env = await startTestEnvironment(temporal, { emulator });
  });

  afterAll(() => env?.close());

  const SOON = { stuckAfter: '3 seconds', poll: { initialInterval: 1_000, maximumInterval: 1_000 } } as const;

  const runState = async (workflowId: string) =>
    (await env.client.workflow.getHandle(workflowId).describe()).searchAttributes.LlamaCloudRunState;

  /** Whether it was stuck, each time that the search attribute was set. @param since Only after an event of this kind. */
  async function stuckStates(workflowId: string, since?: 'workflowExecutionCancelRequestedEventAttributes') {
    const events = await env.history(workflowId);
    const start = since === undefined ? 0 : events.findIndex((event) => event[since]);
    const values = events.slice(start).flatMap((event) => {
      const { searchAttributes } = event.upsertWorkflowSearchAttributesEventAttributes ?? {};
      return searchAttributes?.indexedFields?.LlamaCloudRunState ?? [];
    });
    return values.map(({ data }) => Buffer.from(data ?? []).toString()).map((value) => value.includes('STUCK'));
  }

  async function startStuck(options: object = {}) {
    const { id } = await env.emulator.addDirectory(files(2));
    const run = await env.batches.start({ ...parseInput(id), ...SOON, ...options });
    const batch = await env.untilCreated(id);
    // On a slow machine it may get stuck before it waits.
    await until('the run to be stuck while it waits', async () => {
      const { phase, stuck } = await run.progress();
      return phase === 'waiting' && stuck !== null;
    });
    return { run, batch };
  }

  const untilStuck = (run: { progress(): Promise<{ stuck: { advice: string } | null }> }) =>
    until('the run to be stuck', async () => (await run.progress()).stuck ?? undefined);

  test('is called stuck everywhere, with what to do, until something moves, and again after that', async () => {
    const { run, batch } = await startStuck();
    const { stuck, startedAt } = await run.progress();
    expect(Date.parse(stuck?.since ?? '')).toBeGreaterThanOrEqual(Date.parse(startedAt));
    expect(stuck?.advice).toContain(`LlamaCloud has not changed the status of batch \`${batch.id}\``);
    expect(await env.details(run.workflowId)).toMatch(
      /^### Stuck: Waiting for LlamaCloud\n\nNothing has changed since \S+ \S+ UTC\. .*cancel the run/,
    );
    expect(await runState(run.workflowId)).toEqual(['STUCK']);
    await until('a search to find it', async () => {
      for await (const found of env.client.workflow.list({ query: "LlamaCloudRunState = 'STUCK'" }))
        if (found.workflowId === run.workflowId) return true;
      return false;
    });
    env.emulator.batches.finish(batch.id);
    await until('its jobs to be what is stuck', async () =>
      (await run.progress()).stuck?.advice.includes('Jobs have not ended in LlamaCloud (2)'),
    );
    env.emulator.batches.finishJobs(batch.id);
    expect((await run.result()).files).toMatchObject({ completed: 2 });
    expect((await run.progress()).stuck).toBeNull();
    expect(await env.details(run.workflowId)).toMatch(/^### Completed/);
    expect(await runState(run.workflowId)).toBeUndefined();
    const states = (await env.history(run.workflowId)).flatMap(
      (event) =>
        event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields?.LlamaCloudRunState ?? [],
    );
    const isStuck = states.map(({ data }) =>
      Buffer.from(data ?? [])
        .toString()
        .includes('STUCK'),
    );
    // On a slow machine it may be stuck more often than twice.
    expect(isStuck.length).toBeGreaterThanOrEqual(4);
    expect(isStuck).toEqual(isStuck.map((_, index) => index % 2 === 0));
  });

  test('polls on, and adds nothing to its history', async () => {
    const { run, batch } = await startStuck();
    const polls = () => env.emulator.requests.filter(({ path }) => path === `/api/v2/batches/${batch.id}`).length;
    const events = async () => (await env.history(run.workflowId)).length;
    const [before, polled] = [await events(), polls()];
    await until('four polls', () => polls() >= polled + 4);
    expect(await events()).toBe(before);
    await run.cancel();
    await failureOf(run.result());
  });

  test('is not stuck while a person has paused it: its time begins again', async () => {
    const { run } = await startStuck();
    await run.pause();
    expect((await run.progress()).stuck).toBeNull();
    expect(await runState(run.workflowId)).toEqual(['PAUSED']);
    // Another one gets stuck meanwhile.
    const other = await startStuck();
    await other.run.cancel();
    expect((await run.progress()).stuck).toBeNull();
    const resumedAt = Date.now();
    await run.resume();
    await untilStuck(run);
    // The clocks are one, but a workflow's time is that of its task, to the millisecond.
    expect(Date.parse((await run.progress()).stuck?.since ?? '')).toBeGreaterThan(resumedAt - 1_000);
    await run.cancel();
    await failureOf(run.result());
  });

  test('says so of child workflows that do not end', async () => {
    const { run, batch } = await startStuck({ child: { workflowType: 'holdDocument' } });
    env.emulator.batches.finish(batch.id);
    env.emulator.batches.finishJobs(batch.id);
    await until('its children', async () => (await run.progress()).running === 2);
    expect((await untilStuck(run)).advice).toContain('Child workflows are open (2)');
    await run.cancel();
    await failureOf(run.result());
  });

  test('is no longer stuck when it has failed', async () => {
    const { run, batch } = await startStuck();
    env.emulator.batches.setStatus(batch.id, 'FAILED');
    expect(isFailure(await failureOf(run.result()), 'BatchFailed')).toBe(true);
    expect((await run.progress()).stuck).toBeNull();
    expect(await runState(run.workflowId)).toBeUndefined();
  });

  test('is no longer stuck when it stops, however long that takes', async () => {
    env.emulator.configure({ batchCancelMs: 5_000 });
    const { run } = await startStuck({ stuckAfter: '1 second' });
    await run.cancel();
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');
    env.emulator.configure({ batchCancelMs: 0 });
    expect((await run.progress()).stuck).toBeNull();
    expect(await runState(run.workflowId)).toBeUndefined();
    expect(await stuckStates(run.workflowId, 'workflowExecutionCancelRequestedEventAttributes')).toEqual([false]);
  });

  test('over many directories names those that are stuck', async () => {
    const directories = await Promise.all([files(1), files(1)].map((each) => env.emulator.addDirectory(each)));
    const ids = directories.map(({ id }) => id);
    const run = await env.batches.startDirectories({ ...parseAll(ids), ...SOON });
    const stuckIds = async () => (await run.progress()).stuckDirectories.map(({ directoryId }) => directoryId);
    const [first = '', second = ''] = ids;
    await until('both to be stuck', async () => {
      const { stuck, stuckDirectories } = await run.progress();
      return stuckDirectories.length === 2 && ids.every((id) => stuck?.advice.includes(`\`${id}\``));
    });
    expect(await env.details(run.workflowId)).toMatch(/^### Stuck: Processing the directories\n\nNothing has changed/);
    expect(await runState(run.workflowId)).toEqual(['STUCK']);
    const batch = await env.untilCreated(first);
    env.emulator.batches.finish(batch.id);
    env.emulator.batches.finishJobs(batch.id);
    await until('one to end', async () => (await run.progress()).directories.completed === 1);
    await until('the other to be stuck', async () => (await stuckIds()).join() === second);
    // It tells nobody.
    await env.client.workflow.getHandle(batchWorkflowId(parseInput(second))).terminate();
    expect((await run.result()).directories).toMatchObject({ completed: 1, failed: 1 });
    expect(await run.progress()).toMatchObject({ stuck: null, stuckDirectories: [] });
    expect(await runState(run.workflowId)).toBeUndefined();
  });
});
