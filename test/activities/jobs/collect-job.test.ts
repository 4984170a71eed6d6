import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ApplicationFailureCategory } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { createActivities } from '../../../src/activities/index.js';
import { type JobResult, LlamaCloudClient } from '../../../src/llamacloud/index.js';
import { DirectoryStore } from '../../../src/outputs/index.js';
import type { CollectFormat } from '../../../src/protocol/index.js';
import { freezeClock } from '../../support/freeze-clock.js';
import { type Attempt, createContext, delayOf, failing, failureOf, run, runIn } from '../support.js';
import { startWithJob } from './support.js';

/** A response with the given content in place of the emulator's. */
async function collectResponse(response: object, collect?: CollectFormat, attempt: Attempt = {}) {
  const { env, job, pathOf } = await startWithJob();
  const result: JobResult = { type: 'parse_v2', job: { id: job.jobId, status: 'COMPLETED' }, ...response };
  const activities = createActivities({
    outputs: new DirectoryStore(env.output),
    llamacloud: Object.assign(Object.create(env.llamacloud), {
      getJob: async () => result,
    }),
  });
  const input = { ...job, ...(collect === undefined ? {} : { collect }) };
  const text = (extension: string) => readFile(pathOf(extension), 'utf8');
  return { run: () => run(activities.collectJob, input, attempt), text };
}

describe('a completed job', () => {
  const FORMATS = [
    ['parse_v2', undefined, 'md', '# A\n'],
    ['parse_v2', 'markdown', 'md', '# A\n'],
    ['parse_v2', 'text', 'txt', '# A\n'],
    ['parse_v2', 'items', 'json', /^\{\n {2}"pages": \[[\s\S]*"A"[\s\S]*\}\n$/],
    ['extract_v2', undefined, 'json', /^\{\n {2}"title": "A"[\s\S]*\}\n$/],
    ['extract_v2', 'record', 'json', /^\{\n {2}"title": "A"[\s\S]*\}\n$/],
  ] as const;

  test.each(FORMATS)(
    '%s, %s is stored as <batch>/<name>.<tag>.%s, and described',
    async (type, collect, extension, content) => {
      const { env, batch, job, pathOf } = await startWithJob(type);
      const outcome = await run(env.activities.collectJob, { ...job, ...(collect === undefined ? {} : { collect }) });
      const bytes = await readFile(pathOf(extension));
      if (typeof content === 'string') expect(bytes.toString()).toBe(content);
      else expect(bytes.toString()).toMatch(content);
      expect(basename(pathOf(extension))).toMatch(/^a\.md\.[0-9a-f]{12}\.(md|txt|json)$/);
      expect(outcome).toEqual({
        fileId: job.fileId,
        jobId: job.jobId,
        status: 'COMPLETED',
        output: pathOf(extension),
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        credits: 3,
      });
      expect(batch.requests()).toHaveLength(1);
    },
  );

  test('that is collected twice changes nothing', async () => {
    const { env, batch, job } = await startWithJob();
    const first = await run(env.activities.collectJob, job);
    expect(await run(env.activities.collectJob, job, { number: 2 })).toEqual(first);
    expect(await readdir(join(env.output, batch.id))).toHaveLength(1);
  });

  test('is stored under the id of its file where the name is not known', async () => {
    const { env, job } = await startWithJob();
    const { name: _, ...unnamed } = job;
    const outcome = await run(env.activities.collectJob, unnamed);
    expect(outcome).toMatchObject({ output: expect.stringContaining(`/${job.fileId}.`) });
  });

  test('is stored apart from that of another file with the same name', async () => {
    const { env, batch, job } = await startWithJob();
    await run(env.activities.collectJob, job);
    await run(env.activities.collectJob, { ...job, fileId: 'dfl-another' });
    expect(await readdir(join(env.output, batch.id))).toHaveLength(2);
  });

  test('has null credits until billing has recorded them', async () => {
    const { env, job } = await startWithJob('parse_v2', { creditsNullMs: 60_000 });
    expect(await run(env.activities.collectJob, job)).toMatchObject({ status: 'COMPLETED', credits: null });
  });

  test.each(['"3"', '{"value":3}', '-1'])(
    'has null credits where they are no number of credits: %s',
    async (credits) => {
      const { env, job } = await startWithJob();
      env.emulator.jobs.setCredits(job.jobId, JSON.parse(credits));
      expect(await run(env.activities.collectJob, job)).toMatchObject({ status: 'COMPLETED', credits: null });
    },
  );

  test('has null credits where they are a number that JavaScript takes for infinite', async () => {
    const { env, job } = await startWithJob();
    let rewritten = 0;
    const llamacloud = new LlamaCloudClient({
      apiKey: env.emulator.apiKey,
      baseUrl: env.emulator.url,
      fetch: async (...request) => {
        const response = await fetch(...request);
        const text = await response.text();
        if (text.includes('"credits":3')) rewritten++;
        return new Response(text.replace('"credits":3', '"credits":1e999'), response);
      },
    });
    const { collectJob } = createActivities({ outputs: env.outputs, llamacloud });
    expect(await run(collectJob, job)).toMatchObject({ status: 'COMPLETED', credits: null });
    expect(rewritten).toBe(1);
  });

  test('has its pages in one text, and a mark for each that failed', async () => {
    const page = (page_number: number, markdown: string) => ({ page_number, markdown, success: true });
    const failed = { page_number: 2, success: false, error: 'too dark --> ever' };
    const collected = await collectResponse({ markdown: { pages: [page(1, '# One'), failed, page(3, 'Three\n')] } });
    await collected.run();
    expect(await collected.text('md')).toBe(
      '# One\n\n<!-- page 2 could not be parsed: too dark - -> ever -->\n\nThree\n',
    );
  });

  test('without any text is stored as an empty document', async () => {
    const collected = await collectResponse({ text: { pages: [] } }, 'text');
    expect(await collected.run()).toMatchObject({ status: 'COMPLETED', bytes: 0 });
  });
});

describe('a job that ended without a document', () => {
  test('as FAILED or CANCELLED is told with its reason', async () => {
    const { env, job } = await startWithJob();
    env.emulator.jobs.setStatus(job.jobId, 'FAILED', 'the file is damaged');
    expect(await run(env.activities.collectJob, job)).toEqual({ status: 'FAILED', message: 'the file is damaged' });
    env.emulator.jobs.setStatus(job.jobId, 'CANCELLED');
    const message = 'LlamaCloud gave no reason';
    expect(await run(env.activities.collectJob, job)).toEqual({ status: 'CANCELLED', message });
    expect(await readdir(env.output)).toEqual([]);
  });

  test('is told without the presigned URL that LlamaCloud repeats', async () => {
    const { env, job } = await startWithJob();
    const url = env.emulator.jobs.presignedUrl(job.jobId);
    env.emulator.jobs.setStatus(job.jobId, 'FAILED', `no response from ${url}`);
    const outcome = await run(env.activities.collectJob, job);
    expect(JSON.stringify(outcome)).toContain('?[redacted]');
    expect(JSON.stringify(outcome)).not.toContain(new URL(url).searchParams.get('signature'));
  });

  test('is told in a text that history has room for', async () => {
    const { env, job } = await startWithJob();
    env.emulator.jobs.setStatus(job.jobId, 'FAILED', 'x'.repeat(100_000));
    expect(JSON.stringify(await run(env.activities.collectJob, job)).length).toBeLessThan(1_000);
  });
});

test.each(['PENDING', 'RUNNING', 'THROTTLED', 'A_NEW_ONE'])('a job that is %s is waited for', async (status) => {
  const { env, job } = await startWithJob();
  env.emulator.jobs.setStatus(job.jobId, status);
  const failure = await failing(env.activities.collectJob, job, { ageMs: 100_000 });
  expect(failure).toMatchObject({ type: 'JobNotReady', nonRetryable: false });
  expect(failure.category).toBe(ApplicationFailureCategory.BENIGN);
  expect(failure.message).toMatch(new RegExp(`^job ${job.jobId} is ${status}, next poll in 10 s$`));
  expect(delayOf(failure)).toBeGreaterThanOrEqual(9_800);
});

describe('a result that is missing after COMPLETED', () => {
  const missingFor = (ms: number) => ({
    number: 5,
    ageMs: 7_200_000,
    heartbeatDetails: { failingSinceMs: { ResultMissing: Date.now() - ms }, failures: 7 },
  });

  test('is waited for two minutes after it was first missed, however long the job took', async () => {
    freezeClock();
    for (const attempt of [{}, { number: 5, ageMs: 7_200_000 }, missingFor(119_000)]) {
      const failure = await failureOf((await collectResponse({}, 'markdown', attempt)).run());
      expect(failure).toMatchObject({ type: 'UnexpectedResponse', nonRetryable: false });
    }
  });

  test('then ends the file, and says which and what', async () => {
    const failure = await failureOf((await collectResponse({}, 'markdown', missingFor(120_000))).run());
    expect(failure).toMatchObject({ type: 'UnexpectedResponse', nonRetryable: true });
    expect(failure.message).toMatch(
      /^job pjb-\w+ of a\.md: it is COMPLETED but has no markdown; the parse tier "fast" has no Markdown: use collect: 'text'/,
    );
  });

  test('leaves for the next attempt since when', async () => {
    const { env, job } = await startWithJob('parse_v2', { inlineLimitBytes: 0 });
    env.emulator.faults.next({ kind: 'status', status: 404, path: /^\/__emulator\/files/ });
    const context = createContext();
    const beats: unknown[] = [];
    context.on('heartbeat', (details: unknown) => beats.push(details));
    await failureOf(runIn(context, env.activities.collectJob, job));
    expect(beats).toEqual([{ failingSinceMs: { ResultMissing: expect.closeTo(Date.now(), -5) }, failures: 1 }]);
  });
});

test('a job whose status has 3,000 characters is waited for', async () => {
  const { env, job } = await startWithJob();
  env.emulator.jobs.setStatus(job.jobId, '\ud800'.repeat(3_000));
  const failure = await failing(env.activities.collectJob, job);
  expect(failure.type).toBe('JobNotReady');
  expect(failure.message.length).toBeLessThan(300);
});

test('a worker with another output store than the run refuses before it asks or writes anything', async () => {
  const { env, batch, job } = await startWithJob();
  const failure = await failing(env.activities.collectJob, { ...job, storeId: 'another' });
  expect(failure).toMatchObject({ type: 'OutputFailed', nonRetryable: false });
  expect(failure.message).toMatch(
    /not the output store of this run's first worker, whose id is another, not [0-9a-f-]{36}:/,
  );
  expect(batch.requests()).toHaveLength(0);
  expect((await readdir(env.output, { recursive: true })).sort()).toEqual(['.store-id', '.tmp']);
});
