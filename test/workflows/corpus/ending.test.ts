import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Activities } from '../../../src/activities/types.js';
import { isFailure } from '../../../src/index.js';
import { TARGETS } from '../../../src/testing/index.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { corpusFolder, corpusLines, countRequests, numbered, parseCorpus, put, statuses } from './support.js';

describe('a run over a corpus', () => {
  let env: TestEnvironment;
  /** As in a process where the key has never worked: where it has, runs wait. */
  let isKeyRejected = false;
  let onRemoval: () => Promise<void> = async () => undefined;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), {
      emulator: { configurationIds: ['cfg-saved'] },
      accountGate: { minProbeIntervalMs: 100 },
      activities: (real) => ({
        postBatch: async (input: Parameters<Activities['postBatch']>[0]) => {
          if (isKeyRejected) throw ApplicationFailure.nonRetryable('401', 'NotAuthorized', { httpStatus: 401 });
          return real.postBatch(input);
        },
        removeGoneDocuments: async (input: Parameters<Activities['removeGoneDocuments']>[0]) => {
          await onRemoval();
          return real.removeGoneDocuments(input);
        },
      }),
    });
  });

  afterAll(() => env?.close());

  const start = (source: string, output: string, options = {}) =>
    env.batches.startCorpus({ ...parseCorpus(source, output), ...options });
  const process = async (source: string, output: string, options = {}) =>
    (await start(source, output, options)).result();

  test('that is cancelled writes its manifest, and the next one processes what is missing', async () => {
    const source = await corpusFolder(numbered(3));
    env.emulator.configure({ batchRunningMs: 3_600_000 });
    const run = await start(source, 'cancelled');
    await until('the batch', () => env.emulator.batches.list().some(({ status }) => status === 'RUNNING'));
    await run.cancel();
    await failureOf(run.result());
    env.emulator.configure({ batchRunningMs: 0 });
    const report = await run.report();
    if (report === undefined) throw new Error('there is no report');
    // What had finished by then is collected.
    const { completed } = report.files;
    expect(report.files.total).toBe(3);
    expect(completed).toBeLessThan(3);
    expect(Object.keys(await statuses(report))).toHaveLength(3);
    expect(env.emulator.batches.list().at(-1)?.status).toBe('CANCELLED');
    const next = await process(source, 'cancelled');
    expect(next).toMatchObject({ unchanged: completed, files: { total: 3 - completed, completed: 3 - completed } });
  });

  test('that is out of credits waits for them, and goes on', async () => {
    const source = await corpusFolder({ 'a.md': '# A\n' });
    env.emulator.faults.next({ kind: 'status', status: 402, ...TARGETS.createBatch });
    expect((await process(source, 'credits')).files).toMatchObject({ total: 1, completed: 1 });
    expect(env.emulator.faults.planned).toBe(0);
  });

  test('whose failure every other part would have creates no more batches, keeps what there is, and says so', async () => {
    const source = await corpusFolder({ 'a.md': '# A\n' });
    await process(source, 'halted');
    await put(source, 'b.md', '# B\n');
    isKeyRejected = true;
    const run = await start(source, 'halted');
    const failure = await failureOf(run.result());
    isKeyRejected = false;
    expect(isFailure(failure, 'NotAuthorized')).toBe(true);
    expect(failure.message).toContain('1 files were not processed');
    const report = await run.report();
    if (report === undefined) throw new Error('there is no report');
    expect(await statuses(report)).toEqual({ 'a.md': 'COMPLETED', 'b.md': 'SKIPPED' });
    expect((await process(source, 'halted')).files).toMatchObject({ total: 1, completed: 1 });
  });

  test('processes a failed file again, or lets it be', async () => {
    const source = await corpusFolder({ 'bad.pdf': 'this is no PDF', 'good.md': '# Good\n' });
    const first = await process(source, 'failed');
    expect(await statuses(first)).toEqual({ 'bad.pdf': 'FAILED', 'good.md': 'COMPLETED' });
    const keep = countRequests(env);
    const kept = await process(source, 'failed', { failedFiles: 'keep' });
    expect(keep()).toEqual({ uploads: 0, directories: 0, batches: 0 });
    expect(kept.files).toMatchObject({ total: 1, failed: 1 });
    expect(kept.failures).toMatchObject([{ path: 'bad.pdf' }]);
    const retry = countRequests(env);
    await process(source, 'failed');
    expect(retry()).toEqual({ uploads: 1, directories: 1, batches: 1 });
  });

  test('processes every file again when the content of its configuration has changed, and none when only its name has', async () => {
    const source = await corpusFolder(numbered(2));
    const job = { type: 'parse_v2', configurationId: 'cfg-saved' };
    env.emulator.addConfiguration('cfg-saved', {
      productType: 'parse_v2',
      parameters: { tier: 'agentic', lang: 'en' },
    });
    const first = await process(source, 'version', { job });
    env.emulator.addConfiguration('cfg-saved', {
      productType: 'parse_v2',
      parameters: { lang: 'en', tier: 'agentic' },
    });
    expect((await process(source, 'version', { job })).unchanged).toBe(2);
    env.emulator.addConfiguration('cfg-saved', { productType: 'parse_v2', parameters: { tier: 'fast', lang: 'en' } });
    const changed = await process(source, 'version', { job });
    expect(changed).toMatchObject({ unchanged: 0, files: { completed: 2 } });
    const versions = [first, changed].map(async (report) => (await corpusLines(report))[0]?.configurationVersion);
    const [before, after] = await Promise.all(versions);
    expect(before).toMatch(/^[0-9a-f]{16}$/);
    expect(after).toMatch(/^[0-9a-f]{16}$/);
  });

  test('removes the documents of files that are gone if it is told so, but not all of them', async () => {
    const source = await corpusFolder(numbered(2));
    const first = await process(source, 'gone');
    const [, line] = await corpusLines(first);
    await rm(join(source, '0001.md'));
    let atRemoval: unknown[] = [];
    onRemoval = async () => {
      atRemoval = (await corpusLines(first)).map(({ path, status, output }) => [path, status, output !== null]);
    };
    const report = await process(source, 'gone', { goneFiles: 'remove' });
    onRemoval = async () => undefined;
    expect(atRemoval).toEqual([
      ['0000.md', 'COMPLETED', true],
      ['0001.md', 'GONE', false],
    ]);
    expect(report).toMatchObject({ unchanged: 1, gone: 1 });
    await expect(access(line?.output ?? '')).rejects.toThrow('ENOENT');
    expect(await statuses(report)).toEqual({ '0000.md': 'COMPLETED', '0001.md': 'GONE' });
    expect(await statuses(await process(source, 'gone', { goneFiles: 'remove' }))).toEqual({ '0000.md': 'COMPLETED' });

    await rm(join(source, '0000.md'));
    // A system puts such files into volumes that have nothing else.
    await put(source, '.DS_Store', 'x');
    const run = await start(source, 'gone', { goneFiles: 'remove' });
    const failure = await failureOf(run.result());
    expect(isFailure(failure, 'SourceFailed')).toBe(true);
    const [, kept] = await corpusLines((await run.report()) ?? { manifest: null });
    expect(kept).toMatchObject({ path: '0000.md', status: 'GONE' });
    await access(kept?.output ?? '');
  });

  test('takes a file that has come back as it was', async () => {
    const source = await corpusFolder(numbered(2));
    await process(source, 'back');
    await rm(join(source, '0001.md'));
    expect(await process(source, 'back')).toMatchObject({ unchanged: 1, gone: 1 });
    expect(await process(source, 'back')).toMatchObject({ unchanged: 1, gone: 0 });
    await put(source, '0001.md', '# File 1\n');
    const report = await process(source, 'back');
    expect(report).toMatchObject({ unchanged: 2, gone: 0 });
    expect(await statuses(report)).toEqual({ '0000.md': 'COMPLETED', '0001.md': 'COMPLETED' });
  });

  test.each([
    [
      'a source that is not there',
      (): string => '/nowhere/at/all',
      {},
      'SourceFailed',
      'Could not list /nowhere/at/all',
    ],
    [
      'a relative source',
      (): string => 'documents',
      {},
      'InvalidInput',
      'source: must be the absolute path of a folder',
    ],
    ['an output inside the source', (): string => env.output, {}, 'InvalidInput', 'is inside it'],
    [
      'an output that leads elsewhere',
      (): string => '/tmp',
      { output: '../up' },
      'InvalidInput',
      'output: must be a folder',
    ],
  ] as const)('fails before anything is sent for %s', async (_, source, options, type, message) => {
    const requests = countRequests(env);
    const run = await env.client.workflow.start('processCorpus', {
      workflowId: `invalid-${type}-${message.length}`,
      taskQueue: env.taskQueue,
      args: [{ ...parseCorpus(source(), 'invalid'), ...options }],
    });
    const failure = await failureOf(run.result());
    expect(isFailure(failure, type)).toBe(true);
    expect(failure.message).toContain(message);
    expect(requests()).toEqual({ uploads: 0, directories: 0, batches: 0 });
  });

  test('keeps to the folder of its source, and stops at a manifest that is damaged', async () => {
    const [source, other] = await Promise.all([corpusFolder(numbered(1)), corpusFolder(numbered(1))]);
    const { manifest } = await process(source, 'claimed');
    const claimed = await failureOf((await start(other, 'claimed')).result());
    expect(isFailure(claimed, 'InvalidInput')).toBe(true);
    expect(claimed.message).toContain(`has the documents of ${source}`);
    await writeFile(manifest ?? '', 'not a line\n');
    const requests = countRequests(env);
    const damaged = await failureOf((await start(source, 'claimed')).result());
    expect(isFailure(damaged, 'OutputFailed')).toBe(true);
    expect(damaged.message).toContain('is damaged in line 1');
    expect(requests()).toEqual({ uploads: 0, directories: 0, batches: 0 });
  });
});
