import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../../src/activities/types.js';
import { batchWorkflowId, isFailure } from '../../../src/index.js';
import { TARGETS } from '../../../src/testing/index.js';
import { newDirectoriesState } from '../../../src/workflows/directories/state.js';
import { directoryLines, parseAll } from '../../support/directories.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;
const POST = { method: 'POST', path: '/api/v2/batches' };

/** Ends a wait with the first 403 of a poll, as the real one does after 15 minutes of them. */
function finalIfNotAuthorized(waitForBatch: Activities['waitForBatch']): Activities['waitForBatch'] {
  return async (input) => {
    try {
      return await waitForBatch(input);
    } catch (error) {
      if (!(error instanceof ApplicationFailure && error.type === 'NotAuthorized')) throw error;
      throw ApplicationFailure.nonRetryable(error.message, error.type, ...(error.details ?? []));
    }
  };
}

/** Batches here end when the test says so. */
describe('a run over many directories that fails or is cancelled, on a real server', () => {
  let env: TestEnvironment;
  /** The directory whose earlier child has a batch that this key may not read. */
  let forbidden: string | undefined;
  /** The activity that meets a 401 next, in a process where the key has never worked: where it has, runs wait. */
  let rejecting: 'postBatch' | 'waitForBatch' | undefined;
  const meet = (activity: typeof rejecting) => {
    if (rejecting !== activity) return;
    rejecting = undefined;
    throw ApplicationFailure.nonRetryable('401', 'NotAuthorized', { httpStatus: 401 });
  };

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), {
      emulator: { batchRunningMs: HOUR },
      activities: (real: Activities) => ({
        waitForBatch: async (input: Parameters<Activities['waitForBatch']>[0]) => {
          meet('waitForBatch');
          return finalIfNotAuthorized(real.waitForBatch)(input);
        },
        postBatch: async (input: Parameters<Activities['postBatch']>[0]) => {
          meet('postBatch');
          return real.postBatch(input);
        },
        findEarlierChild: async (input: Parameters<Activities['findEarlierChild']>[0]) => {
          if (forbidden === undefined || !input.workflowId.includes(forbidden)) return real.findEarlierChild(input);
          throw ApplicationFailure.nonRetryable('403', 'NotAuthorized', { httpStatus: 403 });
        },
      }),
    });
  });

  afterAll(() => env?.close());

  const directories = async (count: number) => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await env.emulator.addDirectory(files(2))).id);
    return ids;
  };
  const statusOf = (directoryId = '') =>
    env.emulator.batches.list().find((batch) => batch.directoryId === directoryId)?.status;
  const finish = async (id = '') => env.emulator.batches.finish((await env.untilCreated(id)).id);

  const childOf = (directoryId = '') => env.batches.attach(batchWorkflowId(parseInput(directoryId)));

  /** As a run that has come to a small page. */
  const start = async (ids: string[], maxConcurrentBatches: number, pageSize: number) => {
    const { workflowId } = await env.client.workflow.start('resumeAs', {
      workflowId: `ending-${ids[0]}`,
      taskQueue: env.taskQueue,
      args: [
        'processDirectories',
        { ...parseAll(ids), maxConcurrentBatches, poll: { maximumInterval: 1_000 } },
        { ...newDirectoriesState(Date.now()), pageSize },
      ],
    });
    const run = env.batches.attachDirectories(workflowId);
    const waiting = (id = '') =>
      until(`the batch of ${id}`, async () => {
        await env.untilCreated(id);
        return (await childOf(id).progress()).phase === 'waiting';
      });
    return { run, workflowId, waiting };
  };

  test('401 at a create would hit every other one: no more are made, those that are open go on, and the run fails', async () => {
    const type = 'NotAuthorized';
    const ids = await directories(7);
    const { run, workflowId, waiting } = await start(ids, 2, 3);
    await waiting(ids[1]);
    rejecting = 'postBatch';
    await finish(ids[0]);
    await until('the failure', async () => (await run.progress()).directories.failed === 1);
    expect(await run.progress()).toMatchObject({ running: 1, lastFailures: [{ directoryId: ids[2], type }] });
    await finish(ids[1]);
    const failure = await failureOf(run.result());

    expect(isFailure(failure, type)).toBe(true);
    expect(failure.message).toContain(`directory ${ids[2]}`);
    expect(failure.message).toContain('4 of 7 directories were skipped');
    const report = await run.report();
    if (report === undefined) throw new Error('there is no report');
    expect(report.directories).toEqual({ total: 7, completed: 2, failed: 1, cancelled: 0, skipped: 4 });
    expect(report.files).toMatchObject({ total: 4, completed: 4 });
    expect(report.failures).toMatchObject([{ directoryId: ids[2], type }]);
    const lines = await directoryLines(report);
    expect(lines.map((line) => line.directoryId)).toEqual(ids);
    expect(lines.map((line) => line.status)).toEqual([
      ...['COMPLETED', 'COMPLETED', 'FAILED'],
      ...['SKIPPED', 'SKIPPED', 'SKIPPED', 'SKIPPED'],
    ]);
    expect(lines[6]?.error?.message).toContain(`${ids[2]} failed with ${type}`);
    expect(ids.map(statusOf)).toEqual(['COMPLETED', 'COMPLETED', ...Array.from({ length: 5 }, () => undefined)]);
    const details = await env.details(workflowId);
    expect(details).toContain('| Directories skipped\u2003 | 4 |');
    expect(details).toMatch(new RegExp(`^### Failed\\n\\n\`${type}\` \`directory ${ids[2]}: `));
    expect(await run.progress()).toMatchObject({ phase: 'failed', running: 0, failure: { type } });
  });

  test('402 at a create fails no directory: all wait for credits', async () => {
    const ids = await directories(2);
    env.emulator.faults.next({ kind: 'status', status: 402, ...POST });
    const { run } = await start(ids, 2, 2);
    for (const id of ids) await finish(id);
    expect((await run.result()).directories).toMatchObject({ total: 2, completed: 2 });
  });

  test('403 at a create is about one directory: the others go on', async () => {
    const ids = await directories(3);
    env.emulator.faults.next({ kind: 'status', status: 403, ...POST });
    const { run } = await start(ids, 1, 3);
    await finish(ids[1]);
    await finish(ids[2]);
    const report = await run.result();
    expect(report.directories).toMatchObject({ total: 3, completed: 2, failed: 1, skipped: 0 });
    expect(report.failures).toMatchObject([{ directoryId: ids[0], type: 'NotAuthorized' }]);
  });

  test('403 after a create is about one directory as well, and the report has what its batch had finished', async () => {
    const ids = await directories(2);
    env.emulator.faults.next({ kind: 'status', status: 403, ...TARGETS.getBatch });
    const { run } = await start(ids, 1, 2);
    const { id: batchId } = await env.untilCreated(ids[0] ?? '');
    await finish(ids[1]);
    const report = await run.result();
    expect(report.directories).toMatchObject({ total: 2, completed: 1, failed: 1, skipped: 0 });
    expect(report.failures).toMatchObject([{ directoryId: ids[0], batchId, type: 'NotAuthorized' }]);
    // The first detail is the report, which readers of a failure rely on.
    expect(await childOf(ids[0]).report()).toMatchObject({ batchId });
  });

  test('403 to the request for a batch from before a reset is about one directory, too', async () => {
    const ids = await directories(2);
    forbidden = ids[0];
    const { run } = await start(ids, 1, 2);
    await finish(ids[1]);
    const report = await run.result();
    forbidden = undefined;
    expect(report.directories).toMatchObject({ total: 2, completed: 1, failed: 1, skipped: 0 });
  });

  test('401 after a create would hit every other one', async () => {
    const ids = await directories(2);
    rejecting = 'waitForBatch';
    const { run } = await start(ids, 1, 2);
    expect(isFailure(await failureOf(run.result()), 'NotAuthorized')).toBe(true);
    expect((await run.report())?.directories).toMatchObject({ total: 2, failed: 1, skipped: 1 });
    expect(statusOf(ids[1])).toBeUndefined();
  });

  test('cancelling a run cancels the remote batches of its open children, and lists what was finished', async () => {
    const ids = await directories(6);
    const { run, workflowId, waiting } = await start(ids, 2, 3);
    await finish(ids[0]);
    await Promise.all([waiting(ids[1]), waiting(ids[2])]);
    await run.cancel();
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');

    expect(ids.map(statusOf)).toEqual(['COMPLETED', 'CANCELLED', 'CANCELLED', undefined, undefined, undefined]);
    const report = await run.report();
    if (report === undefined) throw new Error('there is no report');
    expect(report.directories).toEqual({ total: 6, completed: 1, failed: 0, cancelled: 2, skipped: 3 });
    expect(report.files).toMatchObject({ total: 6 });
    const lines = await directoryLines(report);
    expect(lines.map((line) => [line.directoryId, line.status, line.error?.type])).toEqual([
      [ids[0], 'COMPLETED', undefined],
      [ids[1], 'CANCELLED', 'BatchCancelled'],
      [ids[2], 'CANCELLED', 'BatchCancelled'],
      ...ids.slice(3).map((id) => [id, 'SKIPPED', 'Skipped']),
    ]);
    expect(lines[1]?.batchId).toBe((await env.untilCreated(ids[1] ?? '')).id);
    const failure = { type: 'CancelledFailure', message: 'the run was cancelled' };
    expect(await run.progress()).toMatchObject({ phase: 'cancelled', running: 0, manifest: report.manifest, failure });
    expect(await env.details(workflowId)).toMatch(/^### Cancelled\n\n`CancelledFailure` `the run was cancelled`\n/);
    const query = `ParentWorkflowId = '${workflowId}' AND ExecutionStatus = 'Running'`;
    for await (const child of env.client.workflow.list({ query })) throw new Error(`${child.workflowId} is running`);
  });

  test('a run that is terminated leaves no remote batch running', async () => {
    const ids = await directories(2);
    const { workflowId, waiting } = await start(ids, 2, 2);
    await Promise.all(ids.map(waiting));
    await env.client.workflow.getHandle(workflowId).terminate();
    await until('the batches to be cancelled', () => ids.every((id) => statusOf(id) === 'CANCELLED'));
  });

  test('batches that fail, and runs of batches that somebody cancels or terminates, are told by what they have left', async () => {
    const ids = await directories(5);
    const { run, waiting } = await start(ids, 5, 5);
    await Promise.all(ids.map(waiting));
    const batchIds = await Promise.all(ids.map(async (id) => (await env.untilCreated(id)).id));
    env.emulator.batches.setStatus(batchIds[0] ?? '', 'FAILED');
    env.emulator.batches.finish(batchIds[1] ?? '');
    env.emulator.batches.setStatus(batchIds[1] ?? '', 'CANCELLED');
    await childOf(ids[2]).cancel();
    await env.client.workflow.getHandle(childOf(ids[3]).workflowId).terminate();
    await finish(ids[4]);
    const report = await run.result();

    expect(report.directories).toEqual({ total: 5, completed: 1, failed: 2, cancelled: 2, skipped: 0 });
    const lines = await directoryLines(report);
    expect(lines.map((line) => [line.batchId, line.status, line.error?.type])).toEqual([
      [batchIds[0], 'FAILED', 'BatchFailed'],
      [batchIds[1], 'CANCELLED', 'BatchCancelled'],
      [batchIds[2], 'CANCELLED', 'BatchCancelled'],
      [batchIds[3], 'FAILED', 'TerminatedFailure'],
      [batchIds[4], 'COMPLETED', undefined],
    ]);
    expect(lines[1]?.files).toMatchObject({ total: 2 });
    expect(report.files.total).toBe(6);
  });

  test.each([
    ['where the input of a batch is made', { job: null }, {}],
    ['where its outcome is recorded', {}, { failures: null }],
  ])('a bug in workflow code, %s, fails the workflow task: no directory, and not the run', async (_, wrong, state) => {
    const { job } = parseInput('dir-1');
    const opened = { scope: {}, job, maxConcurrentBatches: 2, total: 2, ...wrong };
    const run = await env.client.workflow.start('resumeAs', {
      workflowId: `bug-${JSON.stringify(state)}`,
      taskQueue: env.taskQueue,
      args: [
        'processDirectories',
        parseAll(['dir-none', 'dir-nowhere']),
        { ...newDirectoriesState(Date.now()), opened, ...state },
      ],
    });
    const failure = await until('the failed workflow task', async () => {
      const events = await env.history(run.workflowId);
      return events.find((event) => event.workflowTaskFailedEventAttributes)?.workflowTaskFailedEventAttributes;
    });
    expect(failure?.failure?.message).toMatch(/Cannot .* of .*null/);
    const { status } = await env.client.workflow.getHandle(run.workflowId).describe();
    expect(status.name).toBe('RUNNING');
    await env.client.workflow.getHandle(run.workflowId).terminate();
  });
});
