import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  batchWorkflowId,
  type DirectoriesReport,
  directoriesWorkflowId,
  isFailure,
  type ProcessDirectoriesInput,
} from '../../../src/index.js';
import { TARGETS } from '../../../src/testing/index.js';
import { newDirectoriesState } from '../../../src/workflows/directories/state.js';
import { processDirectories } from '../../../src/workflows/index.js';
import { directoryLines, parseAll } from '../../support/directories.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

/** Measured: 3,300 bytes. A page of 500 directories stays far below the 10 MB from which Temporal warns. */
const MAX_BYTES_PER_DIRECTORY = 5_000;

describe('processDirectories on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
  });

  afterAll(() => env?.close());

  /** So many directories of so many files each. */
  const directories = async (count: number, filesEach = 1) => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await env.emulator.addDirectory(files(filesEach))).id);
    return ids;
  };
  const batchesOver = (ids: readonly string[]) =>
    env.emulator.batches.list().filter(({ directoryId }) => ids.includes(directoryId));

  test('every document of every directory is there, with one report and one manifest in the order of the input', async () => {
    const ids = await directories(2, 2);
    const { id: broken } = await env.emulator.addDirectory([...files(1), { name: 'broken.pdf', content: '' }]);
    const run = await env.batches.startDirectories(parseAll([...ids, ` ${broken}\n`]));
    const report = await run.result();

    expect(report).toMatchObject({ job: parseAll([]).job, bytes: 5 * 9, credits: 5 * 3, failures: [] });
    expect(report.directories).toEqual({ total: 3, completed: 3, failed: 0, cancelled: 0, skipped: 0 });
    expect(report.files).toEqual({ total: 6, completed: 5, failed: 1, cancelled: 0, skipped: 0 });
    const lines = await directoryLines(report);
    expect(lines.map((line) => line.directoryId)).toEqual([...ids, broken]);
    for (const line of lines) {
      expect(line).toMatchObject({ status: 'COMPLETED', files: { total: 2 }, error: null });
      expect(line.batchId).toBe(batchesOver([line.directoryId])[0]?.id);
      expect(await env.manifest(line.manifest)).toHaveLength(2);
    }
    expect(await run.progress()).toMatchObject({ phase: 'completed', running: 0, directories: report.directories });
    const details = await env.details(run.workflowId);
    expect(details).toContain('### Completed');
    expect(details).toContain('| Directories completed\u2003 | 3 |');
    expect(details).toContain('| Failed\u2003 | 1 |');
  });

  test('each directory is a child with its name, its options and the place in the queue of the run', async () => {
    const ids = await directories(1, 2);
    const input = {
      ...parseAll(ids),
      collect: 'text',
      maxConcurrentJobs: 1,
      poll: { initialInterval: '2 seconds' },
    } as const;
    const run = await env.batches.startDirectories(input, { priority: { priorityKey: 2 } });
    await run.result();
    const child = env.client.workflow.getHandle(batchWorkflowId(parseInput(ids[0] ?? '')));
    const description = await child.describe();
    expect(description.type).toBe('processBatch');
    expect(await description.staticSummary()).toBe(`parse_v2 of ${ids[0]} with cfg-PARSE_AGENTIC`);
    expect(description.priority).toMatchObject({ priorityKey: 2, fairnessKey: run.workflowId.slice(-64) });
    const [started] = await env.history(child.workflowId);
    const [payload] = started?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const { directoryIds: _, ...options } = input;
    expect(JSON.parse(Buffer.from(payload?.data ?? []).toString())).toEqual({
      ...options,
      directoryId: ids[0],
      reportedFailures: 5,
    });
  });

  test('no more batches are open than the input allows', async () => {
    const run = await env.batches.startDirectories({ ...parseAll(await directories(4)), maxConcurrentBatches: 2 });
    expect((await run.result()).directories.completed).toBe(4);
    let open = 0;
    let most = 0;
    for (const event of await env.history(run.workflowId)) {
      if (event.startChildWorkflowExecutionInitiatedEventAttributes) open += 1;
      if (event.childWorkflowExecutionCompletedEventAttributes) open -= 1;
      most = Math.max(most, open);
    }
    expect(most).toBe(2);
  });

  test('a directory that fails does not stop the others, and what it had finished is counted', async () => {
    const [first = '', last = ''] = await directories(2);
    const { id: strict } = await env.emulator.addDirectory([...files(1), { name: 'broken.pdf', content: '' }]);
    const input = { ...parseAll([first, 'dir-none', strict, last]), maxConcurrentBatches: 1, maxFailedFiles: 0 };
    const report = await (await env.batches.startDirectories(input)).result();

    expect(report.directories).toEqual({ total: 4, completed: 2, failed: 2, cancelled: 0, skipped: 0 });
    expect(report.files).toEqual({ total: 4, completed: 3, failed: 1, cancelled: 0, skipped: 0 });
    const batchId = batchesOver([strict])[0]?.id;
    expect(report.failures).toMatchObject([
      { directoryId: 'dir-none', type: 'NotFound', message: expect.stringContaining('dir-none') },
      { directoryId: strict, batchId, type: 'TooManyFailedFiles' },
    ]);
    expect(await directoryLines(report)).toMatchObject([
      { directoryId: first, status: 'COMPLETED' },
      { directoryId: 'dir-none', status: 'FAILED', batchId: null, files: null, error: { type: 'NotFound' } },
      { directoryId: strict, status: 'FAILED', batchId, files: { total: 2, failed: 1 } },
      { directoryId: last, status: 'COMPLETED' },
    ]);
  });

  test('continues as new between pages, and loses and duplicates nothing', async () => {
    const ids = await directories(3);
    const handle = await env.client.workflow.start('resumeAs', {
      workflowId: `pages-${ids[0]}`,
      taskQueue: env.taskQueue,
      args: ['processDirectories', parseAll(ids), { ...newDirectoriesState(Date.now()), pageSize: 1 }],
    });
    const report: DirectoriesReport = await handle.result();
    expect(report).toMatchObject({ directories: { total: 3, completed: 3 }, files: { total: 3, completed: 3 } });
    expect((await directoryLines(report)).map(({ directoryId }) => directoryId)).toEqual(ids);
    expect(report.manifest).toBe(`${env.output}/directories-${handle.firstExecutionRunId}/manifest.jsonl`);
    expect(batchesOver(ids)).toHaveLength(3);
    const last = await env.history(handle.workflowId);
    expect(last.filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes)).toHaveLength(1);
    expect(
      last.some((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'openDirectories'),
    ).toBe(false);
  });

  test('a directory costs little history, however many of its files fail', async () => {
    // No file gets a job, so none costs a child workflow.
    const restore = env.emulator.rewrite(TARGETS.getBatch, (body) => {
      const { results, ...batch } = Object(body);
      if (!Array.isArray(results)) return body;
      return {
        ...batch,
        results: results.map((row) => ({ ...row, job_reference: null, error_message: 'unreadable' })),
      };
    });
    const sizeOf = async (count: number) => {
      const run = await env.batches.startDirectories(parseAll(await directories(count, 30)));
      expect((await run.result()).files).toMatchObject({ total: 30 * count, failed: 30 * count });
      return (await env.client.workflow.getHandle(run.workflowId).describe()).historySize ?? 0;
    };
    const [small, large] = [await sizeOf(1), await sizeOf(3)];
    restore();
    expect(small).toBeGreaterThan(0);
    expect((large - small) / 2).toBeLessThan(MAX_BYTES_PER_DIRECTORY);
  });

  test('the same directories in any order have the same workflow id, other directories another', () => {
    const input = parseAll(['dir-1', 'dir-2']);
    const ids = [
      input,
      parseAll([' dir-2', 'dir-1']),
      parseAll(['dir-1']),
      parseAll(['dir-1', 'dir-3']),
      { ...input, job: { type: 'parse_v2', configurationId: 'cfg-other' } },
    ] as const;
    const [first, second, ...others] = ids.map((each) => directoriesWorkflowId(each));
    expect(first).toMatch(/^llamacloud\/2-directories-[0-9a-f]{16}\/parse_v2\/cfg-PARSE_AGENTIC$/);
    expect(second).toBe(first);
    expect(new Set([first, ...others]).size).toBe(4);
  });

  test('wrong input fails at once, names every wrong field, and nothing is sent', async () => {
    const before = env.emulator.requests.length;
    const wrong: ProcessDirectoriesInput = JSON.parse(
      '{"directoryIds":["dir-1","","dir-1"],"job":{"type":"parse"},"maxConcurrentBatches":51,"onlyMissing":true,"timeout":"soon"}',
    );
    const fields = [
      'directoryIds.1',
      'directoryIds: must not repeat a directory: directoryIds[2] repeats directoryIds[0]',
      'job.type',
      'job.configurationId',
      'maxConcurrentBatches',
      'onlyMissing',
      'timeout',
    ];
    await expect(env.batches.startDirectories(wrong)).rejects.toMatchObject({ type: 'InvalidInput' });
    for (const [name, args] of [
      ['all', [wrong]],
      ['none', []],
    ] as const) {
      const run = await env.client.workflow.start('processDirectories', {
        taskQueue: env.taskQueue,
        workflowId: `wrong-directories-${name}`,
        args: [...args],
      });
      const failure = await failureOf(run.result());
      expect(isFailure(failure, 'InvalidInput')).toBe(true);
      expect(await env.details(run.workflowId)).toMatch(/^### Failed\n\n`InvalidInput` `The input of/);
      if (name === 'all') for (const field of fields) expect(failure.message).toContain(field);
    }
    expect(env.emulator.requests).toHaveLength(before);
  });

  test("the plain Temporal client starts it as well, by the workflow's function", async () => {
    const handle = await env.client.workflow.start(processDirectories, {
      workflowId: 'plain-directories',
      taskQueue: env.taskQueue,
      args: [parseAll(await directories(1))],
    });
    const { directories: counts }: DirectoriesReport = await handle.result();
    expect(counts.completed).toBe(1);
  });
});
