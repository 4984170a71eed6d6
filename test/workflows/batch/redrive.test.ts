import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WORKFLOW_TYPES } from '../../../src/index.js';
import { REDRIVE_LABEL } from '../../../src/protocol/index.js';
import { openNamespace } from '../../support/namespace.js';
import { type FailedBatch, jobOf, startFailedBatch, TRANSIENT } from '../../support/redrives.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('a file whose job LlamaCloud has FAILED', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { batchRunningMs: 3_600_000 } });
  });

  afterEach(() => {
    env.emulator.configure({ jobRunningMs: 0 });
  });

  afterAll(() => env?.close());

  const redrive = (batchId: string, retryFailed?: number) =>
    env.batches.redrive({ batchId, ...(retryFailed === undefined ? {} : { retryFailed }) });
  const linesOf = (report: { manifest: string | null }) => env.manifest(report.manifest);

  test.each(['parse_v2', 'extract_v2'] as const)(
    'gets one new job within a run, and its line has the old one and the credits of both: %s',
    async (type) => {
      const failed = await startFailedBatch(env, { type, retryFailed: 1, maxFailedFiles: 0 });
      env.emulator.jobs.setCredits(failed.failedIds[0] ?? '', 2);
      const report = await failed.run.result();
      expect(report).toMatchObject({ files: { completed: 1, failed: 0 }, credits: 5, redrivenJobs: 1 });
      const [job] = failed.newJobs();
      expect(await linesOf(report)).toMatchObject([
        {
          status: 'COMPLETED',
          jobId: job?.id,
          credits: 5,
          previousJobs: [{ jobId: failed.failedIds[0], credits: 2 }],
          output: expect.stringContaining(failed.batch.id),
        },
      ]);
      expect(failed.posts()).toEqual([200]);
      expect(job).toMatchObject(jobOf(type));
    },
  );

  test('stays failed without retryFailed, and costs nothing more', async () => {
    const failed = await startFailedBatch(env);
    const report = await failed.run.result();
    expect(report.files).toMatchObject({ failed: 1 });
    expect(Object.hasOwn(report, 'redrivenJobs')).toBe(false);
    expect(failed.posts()).toEqual([]);
  });

  test.each(['PDF_IS_PROTECTED', 'Unsupported file type.', 'the file is empty (0 bytes)', 'the document is corrupted'])(
    'gets no new job if another one can not mend it, and its line says why: %s',
    async (message) => {
      const failed = await startFailedBatch(env, { message, retryFailed: 5 });
      const report = await failed.run.result();
      expect(failed.posts()).toEqual([]);
      expect(report.failures).toMatchObject([
        { type: 'JobFailed', message: expect.stringMatching(/ failed: .*\. No other job: (the file|LlamaCloud does)/) },
      ]);
    },
  );

  test('is redriven by a later run, and a second redrive changes nothing', async () => {
    const failed = await startFailedBatch(env, { count: 3 });
    await failed.run.result();
    const first = await (await redrive(failed.batch.id)).result();
    expect(first).toMatchObject({ files: { completed: 3 }, redrivenJobs: 3 });
    const second = await (await redrive(failed.batch.id)).result();
    expect(second).toMatchObject({ files: { completed: 3 }, credits: first.credits });
    const byFile = (lines: { fileId: string }[]) => lines.toSorted((a, b) => a.fileId.localeCompare(b.fileId));
    expect(byFile(await linesOf(second))).toEqual(byFile(await linesOf(first)));
    expect(failed.posts()).toEqual([200, 200, 200]);
  });

  test('gets no more new jobs than retryFailed, over all runs', async () => {
    env.emulator.configure({ jobRunningMs: Number.POSITIVE_INFINITY });
    const failed = await startFailedBatch(env);
    await failed.run.result();
    const failNext = async (count: number) => {
      const job = await until(`new job ${count}`, () => failed.newJobs()[count - 1]);
      env.emulator.jobs.setStatus(job.id, 'FAILED', TRANSIENT);
      return job.id;
    };
    const ids: string[] = [];
    for (const [retryFailed, expected] of [
      [1, 1],
      [1, 1],
      [2, 2],
      [1, 2],
    ] as const) {
      const run = await redrive(failed.batch.id, retryFailed);
      if (ids.length < expected) ids.push(await failNext(expected));
      const report = await run.result();
      expect(report.files).toMatchObject({ failed: 1 });
      expect(failed.posts()).toHaveLength(expected);
      expect(await linesOf(report)).toMatchObject([
        { jobId: ids.at(-1), previousJobs: [failed.failedIds[0], ...ids.slice(0, -1)].map((jobId) => ({ jobId })) },
      ]);
    }
  });

  test.each(['parse_v2', 'extract_v2'] as const)(
    'has its new job found again by LlamaCloud’s list where the manifest is lost: %s',
    async (type) => {
      const failed = await startFailedBatch(env, { type, retryFailed: 1 });
      await failed.run.result();
      await rm(join(env.output, failed.batch.id), { recursive: true });
      const report = await (await redrive(failed.batch.id)).result();
      expect(report).toMatchObject({ files: { completed: 1 }, redrivenJobs: 1 });
      expect(failed.posts()).toEqual([200]);
    },
  );

  test('is collected from its new job by a later run that makes none', async () => {
    const failed = await startFailedBatch(env, { retryFailed: 1 });
    await failed.run.result();
    const run = await env.batches.start({ batchId: failed.batch.id, collect: 'text' });
    const report = await run.result();
    expect(await linesOf(report)).toMatchObject([
      { status: 'COMPLETED', jobId: failed.newJobs()[0]?.id, previousJobs: [{ jobId: failed.failedIds[0] }] },
    ]);
    expect(failed.posts()).toEqual([200]);
  });

  test('is redriven beside at most maxConcurrentJobs - 1 others, and the run says which', async () => {
    env.emulator.configure({ jobRunningMs: Number.POSITIVE_INFINITY });
    const failed = await startFailedBatch(env, { count: 3, retryFailed: 1, maxConcurrentJobs: 1 });
    await until('three new jobs', () => failed.newJobs().length === 3);
    const progress = await until('all in progress', async () => {
      const { redriving = [], redrivenJobs } = await failed.run.progress();
      return redrivenJobs === 3 && redriving;
    });
    expect(progress.map(({ failedJobId }) => failedJobId).sort()).toEqual([...failed.failedIds].sort());
    expect(progress.map(({ jobId }) => jobId).sort()).toEqual(
      failed
        .newJobs()
        .map(({ id }) => id)
        .sort(),
    );
    const details = await env.details(failed.run.workflowId);
    for (const { name = '', jobId, failedJobId } of progress)
      expect(details).toContain(`\`${name}\`: job \`${jobId}\` in place of \`${failedJobId}\``);
    for (const { id } of failed.newJobs()) env.emulator.jobs.setStatus(id, 'COMPLETED');
    for (const { id } of failed.newJobs()) env.emulator.jobs.setStatus(id, null);
    for (const { id } of failed.newJobs()) env.emulator.jobs.finish(id);
    expect((await failed.run.result()).files).toMatchObject({ completed: 3 });
    expect(await mostOpenRedrives(failed)).toBe(1);
  });

  async function mostOpenRedrives({ run }: FailedBatch): Promise<number> {
    let open = 0;
    let most = 0;
    for (const event of await env.history(run.workflowId)) {
      const started = event.childWorkflowExecutionStartedEventAttributes;
      const ended = event.childWorkflowExecutionCompletedEventAttributes;
      if (started?.workflowType?.name === WORKFLOW_TYPES.redriveJob) open += 1;
      if (ended?.workflowType?.name === WORKFLOW_TYPES.redriveJob) open -= 1;
      most = Math.max(most, open);
    }
    return most;
  }

  test('names the job of the batch in the label of its new parse job', async () => {
    const failed = await startFailedBatch(env, { retryFailed: 1 });
    await failed.run.result();
    const labels = env.emulator.requests.map(({ body }) => Object(Object(body).user_metadata)[REDRIVE_LABEL]);
    expect(labels).toContain(failed.failedIds[0]);
  });

  test('gets no new job in a batch that was CANCELLED', async () => {
    const failed = await startFailedBatch(env);
    await failed.run.result();
    env.emulator.batches.setStatus(failed.batch.id, 'CANCELLED');
    const run = await redrive(failed.batch.id);
    await expect(run.result()).rejects.toThrow();
    expect(failed.posts()).toEqual([]);
  });
});
