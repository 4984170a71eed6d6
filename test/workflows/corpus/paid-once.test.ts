/** Whatever happens to a run over a corpus, LlamaCloud processes each file once. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { corpusWorkflowId, createBatchWorkflowId, processBatchWorkflowId } from '../../../src/protocol/index.js';
import { TARGETS } from '../../../src/testing/index.js';
import { newCorpusState } from '../../../src/workflows/corpus/state.js';
import { resetWorkflow, untilEnded } from '../../support/creates.js';
import { openNamespace } from '../../support/namespace.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { corpusFolder, countRequests, numbered, parseCorpus, processedFiles } from './support.js';

const HOUR = 3_600_000;

describe('each file is processed once', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    // A file that is uploaded twice is there twice, and is listed late.
    env = await startTestEnvironment(await openNamespace(), {
      emulator: { batchRunningMs: HOUR, fileListLagMs: 500, listLagMs: 500, duplicateUploads: 'second-file' },
    });
  });

  afterAll(() => env?.close());

  /** A new corpus, and what was processed of it. */
  const newCorpus = async (output: string, count = 4) => {
    const source = await corpusFolder(
      Object.fromEntries(Object.keys(numbered(count)).map((name) => [`${output}-${name}`, '# x\n'])),
    );
    const names = Object.keys(numbered(count)).map((name) => `${output}-${name}`);
    const processed = () => processedFiles(env).filter((path) => path.startsWith(`${output}-`));
    return {
      source,
      names,
      processed,
      input: parseCorpus(source, output),
      lockId: corpusWorkflowId(env.taskQueue, output),
    };
  };
  const openBatch = () =>
    until('a batch', () =>
      env.emulator.batches.list().find(({ status }) => status === 'RUNNING' || status === 'PENDING'),
    );
  const finish = async () => env.emulator.batches.finish((await openBatch()).id);

  test('where the response to each request that creates something is lost', async () => {
    const { input, names, processed } = await newCorpus('lost');
    const requests = countRequests(env);
    env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createDirectory });
    env.emulator.faults.next({ kind: 'reset-after', times: 2, ...TARGETS.uploadFile });
    env.emulator.faults.next({ kind: 'error-after', ...TARGETS.uploadFile });
    env.emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    const run = await env.batches.startCorpus(input);
    await finish();
    const report = await run.result();
    expect(report.files).toMatchObject({ total: 4, completed: 4 });
    expect(processed()).toEqual(names);
    expect(requests()).toMatchObject({ uploads: 4, batches: 1 });
    expect(env.emulator.faults.planned).toBe(0);
  });

  test('where LlamaCloud carries out an upload twice', async () => {
    const { input, names, processed } = await newCorpus('twice');
    env.emulator.faults.next({ kind: 'duplicated', ...TARGETS.uploadFile });
    env.emulator.faults.next({ kind: 'duplicated', response: 'reset', ...TARGETS.uploadFile });
    const run = await env.batches.startCorpus(input);
    await finish();
    expect((await run.result()).files).toMatchObject({ total: 4, completed: 4 });
    expect(processed()).toEqual(names);
  });

  test('where a person resets the run, or one of its parts', async () => {
    const { input, names, processed, lockId } = await newCorpus('reset');
    const requests = countRequests(env);
    const run = await env.batches.startCorpus(input);
    await openBatch();
    await resetWorkflow(env, `${lockId}/part-00000`);
    await resetWorkflow(env, run.workflowId);
    await finish();
    expect((await run.report())?.files ?? (await env.batches.attachCorpus(lockId).result()).files).toMatchObject({
      total: 4,
      completed: 4,
    });
    expect(processed()).toEqual(names);
    expect(requests()).toEqual({ uploads: 4, directories: 1, batches: 1 });
  });

  test('where the run is terminated, and another one takes its place', async () => {
    const { input, names, processed, lockId } = await newCorpus('terminated');
    const requests = countRequests(env);
    const first = await env.batches.startCorpus(input);
    await openBatch();
    await env.client.workflow.getHandle(first.workflowId).terminate();
    // Its children cancel the batch.
    await untilEnded(env.client, `${lockId}/part-00000`);
    // The batch is found, and what it had finished is collected.
    const second = await (await env.batches.startCorpus(input)).result();
    const { completed } = second.files;
    expect(second.files.total).toBe(4);
    expect(completed).toBeLessThan(4);
    expect(requests()).toEqual({ uploads: 4, directories: 1, batches: 1 });
    const third = await env.batches.startCorpus(input);
    await finish();
    const rest = 4 - completed;
    expect(await third.result()).toMatchObject({ unchanged: completed, files: { total: rest, completed: rest } });
    expect(requests()).toEqual({ uploads: 4 + rest, directories: 2, batches: 2 });
    expect(new Set(processed())).toEqual(new Set(names));
  });

  test('where a person terminates the batch of a part', async () => {
    const { input, names, processed } = await newCorpus('batch-terminated');
    const requests = countRequests(env);
    const run = await env.batches.startCorpus(input);
    const { id, directoryId } = await openBatch();
    const spec = { directoryId, job: input.job };
    // It would cancel the batch if it were still open.
    await untilEnded(env.client, createBatchWorkflowId(spec));
    await env.client.workflow.getHandle(processBatchWorkflowId(spec)).terminate();
    env.emulator.batches.finish(id);
    expect((await run.result()).files).toMatchObject({ total: 4, completed: 4 });
    expect(processed()).toEqual(names);
    expect(requests()).toEqual({ uploads: 4, directories: 1, batches: 1 });
  });

  test('where a person terminates a part', async () => {
    const { input, names, processed, lockId } = await newCorpus('part-terminated');
    const requests = countRequests(env);
    const first = await env.batches.startCorpus(input);
    const { directoryId } = await openBatch();
    await untilEnded(env.client, createBatchWorkflowId({ directoryId, job: input.job }));
    await env.client.workflow.getHandle(`${lockId}/part-00000`).terminate();
    // Its child cancels the batch. What it had finished is collected.
    const { completed, cancelled, skipped } = (await first.result()).files;
    expect([completed + cancelled, skipped]).toEqual([4, 0]);
    expect(requests()).toEqual({ uploads: 4, directories: 1, batches: 1 });
    const rest = 4 - completed;
    const second = await env.batches.startCorpus(input);
    await finish();
    expect(await second.result()).toMatchObject({ unchanged: completed, files: { total: rest, completed: rest } });
    expect(requests()).toEqual({ uploads: 4 + rest, directories: 2, batches: 2 });
    expect(new Set(processed())).toEqual(new Set(names));
  });

  test('where two runs are started at once: one waits, and finds nothing to do', async () => {
    const { input, names, processed, lockId } = await newCorpus('both');
    const runs = await Promise.all([
      env.batches.startCorpus(input, { workflowId: 'both-1' }),
      env.batches.startCorpus(input, { workflowId: 'both-2' }),
    ]);
    await openBatch();
    await expect(env.batches.startCorpus(input)).rejects.toThrow('Workflow execution already started');
    await until('the one that waits', async () => {
      const all = await Promise.all(runs.map((run) => run.progress()));
      return all.some(({ waitingFor }) => waitingFor?.includes('Another run processes this corpus'));
    });
    await finish();
    const reports = await Promise.all(runs.map((run) => run.result()));
    expect(reports.map(({ files, unchanged }) => [files.completed, unchanged]).toSorted()).toEqual([
      [0, 4],
      [4, 0],
    ]);
    expect(processed()).toEqual(names);
    expect(lockId).toContain('both');
  });

  test('where the parts are many, and the run continues as new between them', async () => {
    const { input, names, processed, lockId } = await newCorpus('many', 7);
    env.emulator.configure({ batchRunningMs: 0 });
    await env.client.workflow.start('resumeAs', {
      workflowId: lockId,
      taskQueue: env.taskQueue,
      args: ['processCorpus', input, { ...newCorpusState(Date.now()), partSize: 2, partsPerExecution: 2 }],
    });
    const report = await env.batches.attachCorpus(lockId).result();
    env.emulator.configure({ batchRunningMs: HOUR });
    expect(report.files).toMatchObject({ total: 7, completed: 7 });
    expect(processed()).toEqual(names);
    const second = await (await env.batches.startCorpus(input)).result();
    expect(second).toMatchObject({ unchanged: 7, credits: null });
  });
});
