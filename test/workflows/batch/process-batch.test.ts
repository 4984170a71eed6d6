import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BATCH_ID_MEMO, isFailure } from '../../../src/index.js';
import { processBatch } from '../../../src/workflows/index.js';
import { failureOf, reportIn } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

describe('processBatch on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
  });

  afterAll(() => env?.close());

  const batchesOver = (directoryId: string) =>
    env.emulator.batches.list().filter((batch) => batch.directoryId === directoryId);

  test('every readable file has its document, and every file its line', async () => {
    const { id } = await env.emulator.addDirectory([
      { name: 'a.md', content: '# Ä\n' },
      { name: 'broken.pdf', content: '%PDF-1.7 and nothing more' },
      { name: 'c.txt', content: 'sea' },
    ]);
    const run = await env.batches.start(parseInput(id));
    const report = await run.result();

    expect(report).toMatchObject({ status: 'COMPLETED', directoryId: id, bytes: 8, credits: 6 });
    expect(report.files).toEqual({ total: 3, completed: 2, failed: 1, cancelled: 0, skipped: 0 });
    expect(report.failures).toMatchObject([{ name: 'broken.pdf', type: 'JobFailed' }]);
    const lines = await env.manifest(report.manifest);
    const sorted = lines.toSorted((a, b) => `${a.name}`.localeCompare(`${b.name}`));
    expect(sorted.map((line) => [line.name, line.status])).toEqual([
      ['a.md', 'COMPLETED'],
      ['broken.pdf', 'FAILED'],
      ['c.txt', 'COMPLETED'],
    ]);
    expect(await readFile(sorted[0]?.output ?? '', 'utf8')).toBe('# Ä\n');
    expect(dirname(sorted[0]?.output ?? '')).toBe(join(env.output, report.batchId));
    expect(basename(sorted[0]?.output ?? '')).toMatch(/^a\.md\.[0-9a-f]{12}\.md$/);
    expect(sorted[1]?.error?.message).toContain('broken.pdf');
  });

  test('the failed file is a failed child, and its run says which file and why', async () => {
    const { id } = await env.emulator.addDirectory([{ name: 'empty.pdf', content: '' }]);
    const run = await env.batches.start(parseInput(id));
    const [failed] = (await run.result()).failures;
    const child = env.client.workflow.getHandle(`${run.workflowId}/${failed?.fileId}`);
    const failure = await failureOf(child.result());
    expect(isFailure(failure, 'JobFailed')).toBe(true);
    expect(failure.message).toContain('empty.pdf');
    const description = await child.describe();
    expect(description.status.name).toBe('FAILED');
    expect(await description.staticSummary()).toContain('empty.pdf');
  });

  test('the batch id is in the memo, the work in the summary and the state in the details', async () => {
    const { id } = await env.emulator.addDirectory(files(2));
    const run = await env.batches.start(parseInput(id));
    const report = await run.result();
    const description = await env.client.workflow.getHandle(run.workflowId).describe();
    expect(description.memo?.[BATCH_ID_MEMO]).toBe(report.batchId);
    expect(await description.staticSummary()).toBe(`parse_v2 of ${id} with cfg-PARSE_AGENTIC`);
    const details = await env.details(run.workflowId);
    expect(details).toContain('### Completed');
    expect(details).toContain('| Completed\u2003 | 2 |');
    expect(details).toContain(`| Batch\u2003 | \`${report.batchId}\` |`);
  });

  test('no more children are open than the input allows', async () => {
    const { id } = await env.emulator.addDirectory(files(9));
    const run = await env.batches.start({ ...parseInput(id), maxConcurrentJobs: 3 });
    expect((await run.result()).files.completed).toBe(9);
    let open = 0;
    let most = 0;
    for (const event of await env.history(run.workflowId)) {
      if (event.startChildWorkflowExecutionInitiatedEventAttributes) open += 1;
      if (event.childWorkflowExecutionCompletedEventAttributes) open -= 1;
      most = Math.max(most, open);
    }
    expect(most).toBe(3);
  });

  test('children that fail with very long messages do not make the run too large for Temporal', async () => {
    const { id } = await env.emulator.addDirectory(files(12));
    const run = await env.batches.start({
      ...parseInput(id),
      child: { workflowType: 'complain' },
      maxConcurrentJobs: 8,
    });
    const report = await run.result();
    expect(report.files.failed).toBe(12);
    expect(Buffer.byteLength(report.failures[0]?.message ?? '')).toBeLessThan(310);
    expect(await env.manifest(report.manifest)).toHaveLength(12);
  });

  test('the report lists as many failures as the input asks for, the manifest all', async () => {
    const broken = ['a.pdf', 'b.pdf', 'c.pdf'].map((name) => ({ name, content: '' }));
    const { id } = await env.emulator.addDirectory(broken);
    const none = await (await env.batches.start({ ...parseInput(id), reportedFailures: 0 })).result();
    const two = await (await env.batches.start({ batchId: none.batchId, reportedFailures: 2 })).result();
    expect([none.failures.length, two.failures.length]).toEqual([0, 2]);
    for (const report of [none, two]) {
      expect(report.files.failed).toBe(3);
      expect(await env.manifest(report.manifest)).toHaveLength(3);
    }
  });

  test('a child that returns nothing of a document still counts', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const run = await env.batches.start({ ...parseInput(id), child: { workflowType: 'countDocument' } });
    const report = await run.result();
    expect(report.files.completed).toBe(1);
    expect(await env.manifest(report.manifest)).toMatchObject([{ status: 'COMPLETED', output: null, sha256: null }]);
  });

  test('the records of an extract batch are collected', async () => {
    env.emulator.addConfiguration('cfg-mine');
    const { id } = await env.emulator.addDirectory([{ name: 'a.md', content: '# Title\n\nfour words in it' }]);
    const run = await env.batches.start({
      directoryId: id,
      job: { type: 'extract_v2', configurationId: 'cfg-mine' },
    });
    const [line] = await env.manifest((await run.result()).manifest);
    expect(line?.output).toMatch(/\.json$/);
    expect(JSON.parse(await readFile(line?.output ?? '', 'utf8'))).toMatchObject({ title: 'Title' });
  });

  test('a batch that is given is adopted, and nothing is created', async () => {
    const { id } = await env.emulator.addDirectory(files(2));
    const first = await (await env.batches.start(parseInput(id))).result();
    const run = await env.batches.start({ ...parseInput(id), batchId: first.batchId });
    const report = await run.result();
    expect(report).toMatchObject({ batchId: first.batchId, files: { completed: 2 } });
    expect(batchesOver(id)).toHaveLength(1);
  });

  test('too many failed files stop new children, and the manifest still has every file', async () => {
    const broken = Array.from({ length: 6 }, (_, i) => ({ name: `${i}.pdf`, content: '' }));
    const { id } = await env.emulator.addDirectory(broken);
    const run = await env.batches.start({ ...parseInput(id), maxFailedFiles: 2, maxConcurrentJobs: 1 });
    const failure = await failureOf(run.result());
    expect(isFailure(failure, 'TooManyFailedFiles')).toBe(true);
    expect(failure.message).toMatch(/^3 of 6 files of batch bat-\S+ failed$/);
    const report = reportIn(failure);
    expect(report.files).toMatchObject({ total: 6, failed: 3, skipped: 3 });
    expect(await env.manifest(report.manifest)).toHaveLength(6);
  });

  test('files that were cancelled count as failed, and are named apart', async () => {
    const { id } = await env.emulator.addDirectory([...files(1), { name: 'broken.pdf', content: '' }]);
    env.emulator.configure({ batchRunningMs: 3_600_000 });
    const run = await env.batches.start({ ...parseInput(id), maxFailedFiles: 1 });
    const batch = await env.untilCreated(id);
    env.emulator.configure({ batchRunningMs: 0 });
    env.emulator.jobs.setStatus(batch.files.find(({ name }) => name === '0000.md')?.jobId ?? '', 'CANCELLED');
    env.emulator.batches.finish(batch.id);
    expect((await failureOf(run.result())).message).toBe(
      `1 of 2 files of batch ${batch.id} failed and 1 were cancelled`,
    );
  });

  test('an allowed share of failed files does not fail the run, one more does', async () => {
    const { id } = await env.emulator.addDirectory([...files(3), { name: 'broken.pdf', content: '' }]);
    const allowed = await env.batches.start({ ...parseInput(id), maxFailedPercent: 25 }, { workflowId: `${id}-25` });
    const { batchId, files: counts } = await allowed.result();
    expect(counts).toMatchObject({ completed: 3, failed: 1 });
    const refused = await env.batches.start({ batchId, maxFailedPercent: 24 }, { workflowId: `${id}-24` });
    expect(isFailure(await failureOf(refused.result()), 'TooManyFailedFiles')).toBe(true);
  });

  test('a large batch continues as new between pages, and loses and duplicates nothing', async () => {
    const { id } = await env.emulator.addDirectory(files(7));
    const run = await env.batches.start({ ...parseInput(id), pageSize: 3 });
    const report = await run.result();
    expect(report.files).toMatchObject({ total: 7, completed: 7 });
    const lines = await env.manifest(report.manifest);
    expect(lines.map((line) => line.name).toSorted()).toEqual(files(7).map((file) => file.name));
    const latest = await env.client.workflow.getHandle(run.workflowId).describe();
    expect(latest.runId).not.toBe(run.runId);
    expect(await run.progress()).toMatchObject({ phase: 'completed', files: { completed: 7 } });
    expect(batchesOver(id)).toHaveLength(1);
  });

  test('a directory without files ends with an empty manifest', async () => {
    const { id } = await env.emulator.addDirectory([]);
    const run = await env.batches.start(parseInput(id));
    const report = await run.result();
    expect(report.files.total).toBe(0);
    expect(await readFile(report.manifest ?? '', 'utf8')).toBe('');
  });

  test("the plain Temporal client starts it as well, by the workflow's function", async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const handle = await env.client.workflow.start(processBatch, {
      workflowId: `plain-${id}`,
      taskQueue: env.taskQueue,
      args: [parseInput(id)],
    });
    expect((await handle.result()).files.completed).toBe(1);
  });

  test('wrong input fails at once, names every wrong field, and nothing is sent', async () => {
    const before = env.emulator.requests.length;
    const args = [{ directoryId: '', job: { type: 'parse' }, maxConcurrentJobs: 0, colect: 'text' }];
    const options = { taskQueue: env.taskQueue, args };
    for (const [type, input] of [
      ['processBatch', args],
      ['processBatch', [undefined]],
      ['processJob', ['text']],
    ] as const) {
      const run = await env.client.workflow.start(type, {
        ...options,
        args: [...input],
        workflowId: `wrong-${type}-${JSON.stringify(input)}`,
      });
      const failure = await failureOf(run.result());
      expect(isFailure(failure, 'InvalidInput')).toBe(true);
      if (input !== args) continue;
      const { message } = failure;
      for (const field of ['directoryId', 'job.type', 'job.configurationId', 'maxConcurrentJobs', 'colect'])
        expect(message).toContain(field);
    }
    expect(env.emulator.requests).toHaveLength(before);
  });
});
