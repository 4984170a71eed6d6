import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { failing, run } from '../support.js';
import { startWithJob } from './support.js';

describe('a document that is too large to come inline', () => {
  const LARGE = { inlineLimitBytes: 0 };

  test.each([
    ['markdown', 'md', '# A\n'],
    ['text', 'txt', '# A\n'],
  ] as const)('is the same %s as inline, and fetched without the key', async (collect, extension, content) => {
    const { env, batch, job, pathOf } = await startWithJob('parse_v2', LARGE);
    const outcome = await run(env.activities.collectJob, { ...job, collect });
    expect(await readFile(pathOf(extension), 'utf8')).toBe(content);
    expect(outcome).toMatchObject({ status: 'COMPLETED', bytes: content.length });
    // The emulator refuses a presigned request that brings a key.
    expect(batch.requests().map(({ path, status }) => [path.split('/')[1], status])).toEqual([
      ['api', 200],
      ['__emulator', 200],
    ]);
  });

  test('is stored as it comes where it is structured', async () => {
    const { env, job, pathOf } = await startWithJob('parse_v2', LARGE);
    await run(env.activities.collectJob, { ...job, collect: 'items' });
    expect(JSON.parse(await readFile(pathOf('json'), 'utf8'))).toMatchObject({ pages: [{ page_number: 1 }] });
  });

  const NOT_WHOLE = [
    { kind: 'truncated-close-delimited' },
    { kind: 'truncated' },
    { kind: 'partial' },
    { kind: 'empty' },
    { kind: 'html' },
    { kind: 'signature-mismatch' },
    { kind: 'status', status: 404 },
  ] as const;

  test.each(NOT_WHOLE)('and does not come whole is asked for again, with a new URL: %j', async (fault) => {
    const { env, batch, job, pathOf } = await startWithJob('parse_v2', LARGE);
    env.emulator.faults.next({ ...fault, ...TARGETS.download });
    const failure = await failing(env.activities.collectJob, job, { number: 9, ageMs: 7_200_000 });
    expect(failure).toMatchObject({ type: 'UnexpectedResponse', nonRetryable: false });
    expect(failure.message).toContain("it is COMPLETED but its document can't be downloaded");
    // The key has nothing to do with it, and the URL is a secret.
    expect(`${failure.message} ${failure.cause?.stack}`).not.toMatch(/LLAMA_CLOUD_API_KEY|signature=|__emulator/);
    expect(await readdir(join(env.output, batch.id)).catch(() => [])).toEqual([]);
    const outcome = await run(env.activities.collectJob, job, { number: 10 });
    const bytes = await readFile(pathOf('md'));
    expect(bytes.toString()).toBe('# A\n');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(outcome).toMatchObject({ status: 'COMPLETED', bytes: 4, sha256 });
    const [, second] = batch.requests().filter(({ path }) => TARGETS.getJob.path.test(path));
    expect(second?.query.expand).toContain('markdown_content_metadata');
  });

  test.each(NOT_WHOLE)(
    'and is never whole fails two minutes and eight attempts later, and not when the job times out: %j',
    async (fault) => {
      const { env, job } = await startWithJob('parse_v2', LARGE);
      env.emulator.faults.next({ ...fault, ...TARGETS.download, times: 3 });
      const since = (ms: number, failures = 7) => ({
        ...{ number: 5, ageMs: 7_200_000 },
        heartbeatDetails: { failingSinceMs: { ResultMissing: Date.now() - ms }, failures },
      });
      expect((await failing(env.activities.collectJob, job, since(100_000))).nonRetryable).toBe(false);
      // An outage may be all that there was in these minutes.
      expect((await failing(env.activities.collectJob, job, since(600_000, 6))).nonRetryable).toBe(false);
      expect((await failing(env.activities.collectJob, job, since(120_000))).nonRetryable).toBe(true);
    },
  );

  test.each([{ kind: 'reset-before' }, { kind: 'status', status: 503 }] as const)(
    'and whose store is down leaves nothing behind, and is asked for again: %j',
    async (fault) => {
      const { env, batch, job } = await startWithJob('parse_v2', LARGE);
      env.emulator.faults.next({ ...fault, ...TARGETS.download });
      const failure = await failing(env.activities.collectJob, job);
      expect(failure).toMatchObject({ type: 'ServiceUnavailable', nonRetryable: false });
      expect(await readdir(join(env.output, batch.id)).catch(() => [])).toEqual([]);
    },
  );
});
