import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchWorkflowId, directoriesWorkflowId } from '../../src/index.js';
import { failureOf } from '../support/failure.js';
import { openNamespace } from '../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../support/test-environment.js';
import { until } from '../support/until.js';

describe('BatchClient', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { batchRunningMs: 3_600_000 } });
  });

  afterAll(() => env?.close());

  const directory = async (count = 1) => (await env.emulator.addDirectory(files(count))).id;
  const batchesOver = (id: string) => env.emulator.batches.list().filter((batch) => batch.directoryId === id);
  const finish = async (id: string) => env.emulator.batches.finish((await env.untilCreated(id)).id);

  test('the same work is not running twice at once, and can be started again when it has ended', async () => {
    const id = await directory();
    const run = await env.batches.start(parseInput(id));
    expect(run.workflowId).toBe(`llamacloud/${id}/parse_v2/cfg-PARSE_AGENTIC`);
    await expect(env.batches.start(parseInput(id))).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    await finish(id);
    await run.result();
    const again = await env.batches.start(parseInput(id));
    await until('a second batch', () => batchesOver(id).length === 2);
    for (const batch of batchesOver(id)) env.emulator.batches.finish(batch.id);
    expect((await again.result()).batchId).not.toBe((await run.result()).batchId);
  });

  test('white space around ids makes no second run of the same work, and no second batch', async () => {
    const id = await directory();
    const run = await env.batches.start({ ...parseInput(id), directoryId: ` ${id}\n` });
    expect(run.workflowId).toBe(`llamacloud/${id}/parse_v2/cfg-PARSE_AGENTIC`);
    await expect(env.batches.start(parseInput(id))).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    await finish(id);
    await run.result();
    expect(batchesOver(id)).toHaveLength(1);
  });

  test('the same directories are not processed twice at once, in whatever order they are given', async () => {
    const [first, second] = [await directory(), await directory()];
    const { job } = parseInput(first);
    const run = await env.batches.startDirectories({ directoryIds: [first, second], job });
    const again = {
      directoryIds: [` ${second}`, first],
      job: { ...job, configurationId: `${job.configurationId} ` },
    };
    await expect(env.batches.startDirectories(again)).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    for (const id of [first, second]) await finish(id);
    expect((await run.result()).directories.completed).toBe(2);
    expect([...batchesOver(first), ...batchesOver(second)]).toHaveLength(2);
  });

  test('a start is refused while a run over many directories has the directory, whatever the id of that run', async () => {
    const [id, other] = [await directory(), await directory()];
    const { job } = parseInput(id);
    const many = await env.batches.startDirectories({ directoryIds: [id, other], job }, { workflowId: `many-${id}` });
    await env.untilCreated(id);
    await expect(env.batches.start(parseInput(id))).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    for (const each of [id, other]) await finish(each);
    expect((await many.result()).directories.completed).toBe(2);
    expect(batchesOver(id)).toHaveLength(1);
  });

  test('a directory that another run is processing fails and names that workflow, and the other directories go on', async () => {
    const [taken, shared, free] = [await directory(), await directory(), await directory()];
    const { job } = parseInput(taken);
    const one = await env.batches.start(parseInput(taken));
    const first = await env.batches.startDirectories({ directoryIds: [shared], job });
    await env.untilCreated(shared);
    const many = await env.batches.startDirectories({ directoryIds: [taken, shared, free], job });
    await finish(free);
    const report = await many.result();
    expect(report.directories).toMatchObject({ total: 3, completed: 1, failed: 2 });
    expect(report.failures).toHaveLength(2);
    for (const id of [taken, shared]) {
      const message = `Workflow ${batchWorkflowId(parseInput(id))} is processing this directory with the same configuration. Run the directory again when it has ended.`;
      expect(report.failures).toContainEqual({
        directoryId: id,
        type: 'WorkflowExecutionAlreadyStartedError',
        message,
      });
    }
    for (const id of [taken, shared]) await finish(id);
    expect((await one.result()).files.completed).toBe(1);
    expect((await first.result()).directories.completed).toBe(1);
    for (const id of [taken, shared, free]) expect(batchesOver(id)).toHaveLength(1);
  });

  test('a run with its own workflow id excludes no other run, so the same work has two batches', async () => {
    const id = await directory();
    const run = await env.batches.start(parseInput(id));
    const own = await env.batches.start(parseInput(id), { workflowId: `own-${id}` });
    await until('both batches', () => batchesOver(id).length === 2);
    for (const batch of batchesOver(id)) env.emulator.batches.finish(batch.id);
    expect((await own.result()).batchId).not.toBe((await run.result()).batchId);
  });

  test('USE_EXISTING returns the open run, TERMINATE_EXISTING replaces it', async () => {
    const id = await directory();
    const run = await env.batches.start(parseInput(id));
    const same = await env.batches.start(parseInput(id), { workflowIdConflictPolicy: 'USE_EXISTING' });
    expect(same.runId).toBe(run.runId);
    expect((await same.progress()).phase).toBeDefined();
    const instead = await env.batches.start(parseInput(id), { workflowIdConflictPolicy: 'TERMINATE_EXISTING' });
    expect(instead.runId).not.toBe(run.runId);
    expect((await failureOf(run.result())).name).toBe('TerminatedFailure');
    await instead.cancel();
    await failureOf(instead.result());
  });

  test('children have the fairness key of their run, the end of its workflow id, and the priority that the caller gives', async () => {
    const id = await directory();
    const run = await env.batches.start(parseInput(id), { priority: { priorityKey: 2 } });
    const { priority } = await env.client.workflow.getHandle(run.workflowId).describe();
    expect(priority).toMatchObject({ priorityKey: 2, fairnessKey: run.workflowId.slice(-64) });
    await finish(id);
    await run.result();
    const [file] = batchesOver(id)[0]?.files ?? [];
    const child = await env.client.workflow.getHandle(`${run.workflowId}/${file?.fileId}`).describe();
    expect(child.priority).toEqual(priority);
  });

  test('wrong input is refused before anything is started', async () => {
    const job = { type: 'parse_v2', configurationId: '' } as const;
    await expect(env.batches.start({ directoryId: 'dir-1', job })).rejects.toMatchObject({
      type: 'InvalidInput',
      message: expect.stringContaining('job.configurationId'),
    });
  });

  test('other work over the same directory has another workflow id', () => {
    const input = parseInput('dir-1');
    const ids = [
      input,
      { ...input, directoryId: 'dir-2' },
      { ...input, job: { type: 'extract_v2' as const, configurationId: 'cfg-PARSE_AGENTIC' } },
      { ...input, job: { type: 'parse_v2' as const, configurationId: 'cfg-other' } },
      { ...input, batchId: 'bat-1' },
    ].map(batchWorkflowId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('an id with white space around it is the same id', () => {
    const input = parseInput('dir-1');
    const spaced = { type: 'parse_v2', configurationId: '\tcfg-PARSE_AGENTIC ' } as const;
    expect(batchWorkflowId({ directoryId: ' dir-1 ', job: spaced })).toBe(batchWorkflowId(input));
    expect(batchWorkflowId({ batchId: ' bat-1\n' })).toBe(batchWorkflowId({ batchId: 'bat-1' }));
    expect(directoriesWorkflowId({ directoryIds: ['dir-2 ', ' dir-1'], job: spaced })).toBe(
      directoriesWorkflowId({ directoryIds: ['dir-1', 'dir-2'], job: input.job }),
    );
  });

  test('somebody who attaches later sees the progress, waits for the result, and can cancel', async () => {
    const id = await directory();
    const started = await env.batches.start(parseInput(id), { workflowId: `attach-${id}` });
    const attached = env.batches.attach(started.workflowId);
    const waiting = await until('the wait', async () => {
      const progress = await attached.progress();
      return progress.batchStatus === 'RUNNING' && progress;
    });
    expect(waiting).toMatchObject({ phase: 'waiting', directoryId: id, files: { total: 0 } });
    expect(waiting.batchId).toBe(batchesOver(id)[0]?.id);
    await attached.cancel();
    expect((await failureOf(attached.result())).name).toBe('CancelledFailure');
  });

  test('the result is that of the whole run after it continued as new', async () => {
    const id = await directory(2);
    const run = await env.batches.start({ ...parseInput(id), pageSize: 1 });
    await finish(id);
    expect((await run.result()).files.completed).toBe(2);
    expect((await env.batches.attach(run.workflowId, run.runId).progress()).files.completed).toBe(2);
  });
});
