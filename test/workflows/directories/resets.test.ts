import { Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { batchWorkflowId } from '../../../src/index.js';
import { type LocalTemporal, startLocalTemporal } from '../../../src/testing/index.js';
import { newDirectory, resetWorkflow, type TestDirectory, untilEnded } from '../../support/creates.js';
import { directoryLines, parseAll } from '../../support/directories.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const PROJECT = 'prj-1';

/** Batches here end when the test says so. */
describe('a run over two directories that a person resets', () => {
  let temporal: LocalTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    env = await startTestEnvironment(temporal, { emulator: { batchRunningMs: 3_600_000 } });
  });

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  /** A run whose two batches are waited for. */
  async function start() {
    const directories = [await newDirectory(env, 1), await newDirectory(env, 1)] as const;
    const ids = directories.map(({ directoryId }) => directoryId);
    const { workflowId } = await env.batches.startDirectories({
      ...parseAll(ids),
      // Is trimmed, as every id is.
      projectId: ` ${PROJECT} `,
      poll: { maximumInterval: 1_000 },
    });
    for (const id of ids) {
      const child = env.batches.attach(batchWorkflowId(parseInput(id)));
      await until('the batch to be waited for', async () => {
        const progress = await child.progress().catch(() => undefined);
        return progress?.phase === 'waiting';
      });
    }
    return { directories, workflowId };
  }

  const batchOf = ({ batches }: TestDirectory) => batches()[0]?.id ?? '';
  const finish = (directory: TestDirectory) => env.emulator.batches.finish(batchOf(directory));
  const statuses = ({ batches }: TestDirectory) => batches().map(({ status }) => status);

  /** The report of a run that has ended, and the batch and the status of each line. */
  async function outcome(workflowId: string) {
    await untilEnded(env.client, workflowId);
    const report = await env.batches.attachDirectories(workflowId).report();
    if (report === undefined) throw new Error('there is no report');
    const lines = await directoryLines(report);
    return { report, lines: lines.map(({ batchId, status }) => [batchId, status]) };
  }

  async function untilWaitsForEarlierChildren(workflowId: string, count: number): Promise<void> {
    await until('the run to wait for children from before the reset', async () => {
      const { raw } = await env.client.workflow.getHandle(workflowId).describe();
      const waiting = raw.pendingActivities?.filter(({ activityType }) => activityType?.name === 'waitForEarlierChild');
      return waiting?.length === count;
    });
  }

  test('with open children, and then cancels, cancels their batches and waits for them', async () => {
    const { directories, workflowId } = await start();
    const events = await env.history(workflowId);
    const tasks = events.filter((event) => event.workflowTaskCompletedEventAttributes != null);
    await resetWorkflow(env, workflowId, { task: tasks.length - 1 });
    await env.client.workflow.getHandle(workflowId).cancel();

    const { report, lines } = await outcome(workflowId);
    expect(report.directories).toMatchObject({ total: 2, cancelled: 2 });
    expect(directories.map(statuses)).toEqual([['CANCELLED'], ['CANCELLED']]);
    expect(lines).toEqual(directories.map((directory) => [batchOf(directory), 'CANCELLED']));
  });

  test('to before its children pays for no batch again: one is open, the other has ended', async () => {
    const { directories, workflowId } = await start();
    await finish(directories[0]);
    await untilEnded(env.client, batchWorkflowId(parseInput(directories[0].directoryId)));
    await resetWorkflow(env, workflowId);
    await untilWaitsForEarlierChildren(workflowId, 1);
    await finish(directories[1]);

    const { report, lines } = await outcome(workflowId);
    expect(lines).toEqual(directories.map((directory) => [batchOf(directory), 'COMPLETED']));
    expect(report.files).toMatchObject({ total: 2, completed: 2 });
    expect(directories.map(({ posts }) => posts().length)).toEqual([1, 1]);
  });

  test('after its end, twice, pays for no batch again', async () => {
    const { directories, workflowId } = await start();
    for (const directory of directories) await finish(directory);
    await untilEnded(env.client, workflowId);
    const sent = env.emulator.requests.length;
    for (const _ of [1, 2]) {
      await resetWorkflow(env, workflowId);
      const { lines } = await outcome(workflowId);
      expect(lines).toEqual(directories.map((directory) => [batchOf(directory), 'COMPLETED']));
    }
    const projects = env.emulator.requests.slice(sent).map(({ query }) => query.project_id);
    expect(new Set(projects.flat())).toEqual(new Set([PROJECT]));
    expect(directories.map(({ posts }) => posts().length)).toEqual([1, 1]);
  });

  test('to before its children, and then cancels, cancels the batches of the children that are open', async () => {
    const { directories, workflowId } = await start();
    await resetWorkflow(env, workflowId);
    await untilWaitsForEarlierChildren(workflowId, 2);
    await env.client.workflow.getHandle(workflowId).cancel();

    const { report, lines } = await outcome(workflowId);
    expect(directories.map(statuses)).toEqual([['CANCELLED'], ['CANCELLED']]);
    expect(lines).toEqual(directories.map((directory) => [batchOf(directory), 'CANCELLED']));
    expect(report.files.total).toBe(2);
  });

  test('gets a new batch for a directory whose batch was cancelled', async () => {
    const { directories, workflowId } = await start();
    await env.client.workflow.getHandle(workflowId).cancel();
    await untilEnded(env.client, workflowId);
    await resetWorkflow(env, workflowId);
    for (const directory of directories) {
      const batch = await until('the second batch', () => directory.batches()[1]);
      await env.emulator.batches.finish(batch.id);
    }
    const { report } = await outcome(workflowId);
    expect(report.directories).toMatchObject({ completed: 2 });
    expect(directories.map(({ posts }) => posts().length)).toEqual([2, 2]);
  });

  test('is told from the next run of a cron schedule, which gets a new batch', async () => {
    const directory = await newDirectory(env, 1);
    const { workflowId } = await env.client.workflow.start('processDirectories', {
      workflowId: `cron-${directory.directoryId}`,
      taskQueue: env.taskQueue,
      cronSchedule: '@every 1s',
      args: [{ ...parseAll([directory.directoryId]), poll: { maximumInterval: 1_000 } }],
    });
    await env.untilCreated(directory.directoryId);
    await finish(directory);
    await until('the second batch', () => directory.batches().length === 2);
    await env.client.workflow.getHandle(workflowId).terminate();
  });

  test('or any other lists directories as skipped that it has not come to when it is cancelled', async () => {
    const findEarlierChild = () => Context.current().cancelled;
    const slow = await startTestEnvironment(temporal, { shared: env, activities: { findEarlierChild } });
    onTestFinished(() => slow.close());
    const directories = [await newDirectory(env, 1), await newDirectory(env, 1)];
    const ids = directories.map(({ directoryId }) => directoryId);
    const { workflowId } = await slow.batches.startDirectories(parseAll(ids));
    const handle = env.client.workflow.getHandle(workflowId);
    await until('the run to look for earlier children', async () => {
      return (await handle.describe()).raw.pendingActivities?.length === 2;
    });
    await handle.cancel();
    expect((await outcome(workflowId)).lines).toEqual([
      [null, 'SKIPPED'],
      [null, 'SKIPPED'],
    ]);
  });
});
