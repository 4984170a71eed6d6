/** A run over a corpus with `maxCredits`. Each file has one page, which costs 10 credits by the table of prices. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CorpusReport, isFailure, PRICES } from '../../../src/index.js';
import { corpusWorkflowId } from '../../../src/protocol/index.js';
import { resetWorkflow, untilEnded } from '../../support/creates.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { corpusFolder, corpusLines, countRequests, numbered, parseCorpus, put, statuses } from './support.js';

const HOUR = 3_600_000;

describe('a run with maxCredits', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { creditsPerPage: 10 } });
  });

  afterAll(() => env?.close());

  /** Ids of the batches of earlier tests, of which some may be open. */
  let earlier: string[] = [];
  beforeEach(() => {
    earlier = env.emulator.batches.list().map(({ id }) => id);
  });

  const start = (source: string, output: string, options = {}) =>
    env.batches.startCorpus({ ...parseCorpus(source, output), ...options });
  const process = async (source: string, output: string, options = {}) =>
    (await start(source, output, options)).result();

  /** The report of a run that has left files. */
  const processToCap = async (source: string, output: string, options: object): Promise<CorpusReport> => {
    const run = await start(source, output, options);
    const failure = await failureOf(run.result());
    expect(isFailure(failure, 'BudgetReached')).toBe(true);
    const report = await run.report();
    if (report === undefined) throw new Error('there is no report');
    return report;
  };
  /** A batch that is not one of those that were finished before. */
  const openBatch = (...finished: string[]) =>
    until('a batch', () =>
      env.emulator.batches
        .list()
        .find(
          ({ id, status }) => ![...earlier, ...finished].includes(id) && (status === 'RUNNING' || status === 'PENDING'),
        ),
    );
  const ledger = async (output: string) => JSON.parse(await readFile(join(env.output, output, 'budget.json'), 'utf8'));

  test('stops before the cap is passed, keeps what there is, and goes on when the cap is raised', async () => {
    const source = await corpusFolder(numbered(5));
    const requests = countRequests(env);
    const first = await processToCap(source, 'raised', { maxCredits: 30 });
    expect(first).toMatchObject({
      files: { total: 5, completed: 3, skipped: 2 },
      credits: 30,
      budget: { maxCredits: 30, spent: 30, filesLeft: 2, unbilled: 0, estimate: { files: 3, credits: { high: 30 } } },
    });
    const lines = await corpusLines(first);
    expect(lines.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED', 'SKIPPED', 'SKIPPED']);
    expect(lines.at(-1)?.error).toEqual({
      type: 'BudgetReached',
      message: 'it was not sent: maxCredits (30) is reached',
    });
    expect(requests()).toMatchObject({ uploads: 3, batches: 3 });

    // It does not forget what the first one has spent.
    const second = await processToCap(source, 'raised', { maxCredits: 30 });
    expect(second).toMatchObject({ unchanged: 3, credits: null, budget: { spent: 30, filesLeft: 2 } });
    expect(requests()).toMatchObject({ uploads: 3, batches: 3 });

    const third = await process(source, 'raised', { maxCredits: 60 });
    expect(third).toMatchObject({ unchanged: 3, files: { completed: 2 }, budget: { spent: 50, filesLeft: 0 } });
    expect(requests()).toMatchObject({ uploads: 5, batches: 5 });

    // It has left nothing: the next change begins at 0.
    expect((await ledger('raised')).parts).toEqual({});
    await put(source, '0000.md', '# Changed\n');
    const fourth = await process(source, 'raised', { maxCredits: 30 });
    expect(fourth).toMatchObject({ unchanged: 4, files: { completed: 1 }, budget: { spent: 10 } });
  });

  test('that costs less than was estimated goes on with the rest', async () => {
    const source = await corpusFolder(numbered(4));
    env.emulator.configure({ creditsPerPage: 4 });
    const report = await process(source, 'cheaper', { maxCredits: 25 }).finally(() =>
      env.emulator.configure({ creditsPerPage: 10 }),
    );
    expect(report).toMatchObject({
      files: { completed: 4 },
      credits: 16,
      budget: { spent: 16, estimate: { credits: { low: 40, high: 40 } } },
    });
  });

  test('that costs more than was estimated passes the cap by no more than what was under way', async () => {
    const source = await corpusFolder(numbered(8));
    env.emulator.configure({ creditsPerPage: 25 });
    const options = { maxCredits: 50, maxConcurrentBatches: 2 };
    const report = await processToCap(source, 'dearer', options).finally(() =>
      env.emulator.configure({ creditsPerPage: 10 }),
    );
    // Two and one that is planned ahead.
    const { spent = 0 } = report.budget ?? {};
    expect(spent).toBe(report.credits);
    expect(spent).toBeLessThanOrEqual(50 + 3 * 25);
    expect(report.files.completed).toBeLessThan(5);
  });

  test('counts what is not billed yet as it was estimated', async () => {
    const source = await corpusFolder(numbered(4));
    env.emulator.configure({ creditsNullMs: HOUR });
    const report = await processToCap(source, 'unbilled', { maxCredits: 30 }).finally(() =>
      env.emulator.configure({ creditsNullMs: 0 }),
    );
    expect(report).toMatchObject({ files: { completed: 3, skipped: 1 }, credits: null });
    expect(report.budget).toMatchObject({ spent: 30, unbilled: 3 });
  });

  test('leaves a file that may cost more than all of it, and processes the others', async () => {
    const source = await corpusFolder({ 'a.md': '# A\n', 'b.md': 'x'.repeat(9_000), 'c.md': '# C\n', 'd.mp3': 'x' });
    const report = await processToCap(source, 'large', { maxCredits: 40 });
    expect(await statuses(report)).toEqual({
      'a.md': 'COMPLETED',
      'b.md': 'SKIPPED',
      'c.md': 'COMPLETED',
      'd.mp3': 'SKIPPED',
    });
    const [, large, , audio] = await corpusLines(report);
    expect(large?.error?.message).toBe('it was not sent: it may cost 50 credits, which is more than maxCredits (40)');
    expect(audio?.error?.message).toContain('bills such a file by the minute');
    expect(report.budget).toMatchObject({ spent: 20, filesLeft: 2 });
  });

  test('whose price is not known sends nothing, until the caller gives one', async () => {
    const source = await corpusFolder({ 'a.md': '# A\n' });
    env.emulator.addConfiguration('cfg-own', { productType: 'parse_v2', parameters: { lang: 'en' } });
    const job = { type: 'parse_v2', configurationId: 'cfg-own' };
    const requests = countRequests(env);
    const failure = await failureOf((await start(source, 'unknown', { job, maxCredits: 100 })).result());
    expect(isFailure(failure, 'InvalidInput')).toBe(true);
    expect(failure.message).toContain('its price is not known. Give its price in prices.configurations');
    expect(requests()).toEqual({ uploads: 0, directories: 0, batches: 0 });
    const prices = { ...PRICES, configurations: { 'cfg-own': 12 } };
    const report = await process(source, 'unknown', { job, maxCredits: 100, prices });
    expect(report.budget).toMatchObject({ spent: 10, estimate: { credits: { low: 12, high: 12 } } });
  });

  test('that is reset, with one of its parts, counts each batch once', async () => {
    const source = await corpusFolder(numbered(4));
    const lockId = corpusWorkflowId(env.taskQueue, 'reset');
    const requests = countRequests(env);
    env.emulator.configure({ batchRunningMs: HOUR });
    const run = await start(source, 'reset', { maxCredits: 30, maxConcurrentBatches: 1 });
    const first = await openBatch();
    env.emulator.batches.finish(first.id);
    const second = await openBatch(first.id);
    await resetWorkflow(env, `${lockId}/part-00001`);
    await resetWorkflow(env, run.workflowId);
    env.emulator.batches.finish(second.id);
    env.emulator.batches.finish((await openBatch(first.id, second.id)).id);
    env.emulator.configure({ batchRunningMs: 0 });
    await failureOf(env.batches.attachCorpus(lockId).result());
    const report = await env.batches.attachCorpus(lockId).report();
    expect(report?.budget).toMatchObject({ spent: 30, filesLeft: 1 });
    expect(report?.files).toMatchObject({ completed: 3, skipped: 1 });
    expect(requests()).toMatchObject({ batches: 3 });
  });

  test('that is terminated leaves to the next one what it has spent, also where its files have changed since', async () => {
    const source = await corpusFolder(numbered(6));
    const lockId = corpusWorkflowId(env.taskQueue, 'terminated');
    env.emulator.configure({ batchRunningMs: HOUR });
    const run = await start(source, 'terminated', { maxCredits: 40, maxConcurrentBatches: 1 });
    const batch = await openBatch();
    env.emulator.batches.finish(batch.id);
    await openBatch(batch.id);
    await env.client.workflow.getHandle(run.workflowId).terminate();
    await untilEnded(env.client, `${lockId}/part-00001`);
    env.emulator.configure({ batchRunningMs: 0 });
    // The parts that were under way are not those of the next run.
    await rm(join(source, '0000.md'));
    await put(source, '0001.md', '# Changed\n');
    const report = await processToCap(source, 'terminated', { maxCredits: 40 });
    const { spent, filesLeft } = report.budget ?? {};
    expect(spent).toBeLessThanOrEqual(40);
    // Of 40, two parts of 10 were begun, and a third may have been planned ahead.
    expect(report.files.completed).toBeLessThanOrEqual(2);
    expect(report.files.completed).toBeGreaterThan(0);
    expect(filesLeft).toBe(5 - report.files.completed);
  });

  test('stops at a record of what was spent that is damaged', async () => {
    const source = await corpusFolder(numbered(1));
    await put(env.output, 'damaged/budget.json', '{"parts": 3}');
    const failure = await failureOf((await start(source, 'damaged', { maxCredits: 30 })).result());
    expect(failure.message).toContain('it says what was spent of maxCredits');
  });
});
