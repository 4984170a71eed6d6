import { CancelledFailure } from '@temporalio/common';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { createContext, failing, failureOf, run, runAttempts, runIn, until } from '../support.js';
import { editFiles, GRACE_MS, row, setRows, startResults } from './support.js';

afterEach(() => {
  vi.useRealTimers();
});

const KIND = { lateRowsMs: 0, lateJobsMs: 0, shuffleResults: false };
const FILES = TARGETS.listFiles.path;

describe('the names of the files', () => {
  test('come from all pages of the list', async () => {
    const { env, read } = await startResults({ ...KIND, maxPageSize: 1 });
    const { rows } = await run(env.activities.readResults, read());
    expect(rows.map(({ name }) => name)).toEqual(['a.md', 'b.md', 'c.md']);
  });

  const FAULTS = [
    { kind: 'status', status: 403 },
    { kind: 'status', status: 404 },
    { kind: 'status', status: 500 },
    { kind: 'reset-before' },
    { kind: 'html' },
    { kind: 'wrong-json' },
  ] as const;

  test.each(FAULTS.slice(2))('are tried again for half a minute when the fault may pass: %j', async (fault) => {
    const { env, read } = await startResults(KIND);
    env.emulator.faults.next({ ...fault, ...TARGETS.listFiles });
    expect((await failing(env.activities.readResults, read(15_000))).nonRetryable).toBe(false);
    expect((await run(env.activities.readResults, read(15_000))).rows[0]?.name).toBe('a.md');
  });

  test.each(FAULTS)('are left out, and nothing else, when their list goes on failing: %j', async (fault) => {
    const { env, batch, read, a, b, c } = await startResults(KIND);
    env.emulator.faults.next({ ...fault, ...TARGETS.listFiles });
    const since = Date.now() - 30_000;
    const heartbeatDetails = { progress: { firstSeenAtMs: since, listFailingSinceMs: since } };
    const { rows } = await run(env.activities.readResults, read(30_000), { heartbeatDetails });
    expect(rows.map(({ fileId, name }) => [fileId, name])).toEqual([a, b, c].map((id) => [id, null]));
    expect(rows.every(({ job }) => job !== null)).toBe(true);
    expect(batch.requests().filter(({ path }) => FILES.test(path))).toHaveLength(1);
  });

  test('are waited for no longer than 10 s', async () => {
    const { env, read } = await startResults(KIND);
    env.emulator.faults.next({ kind: 'delay', delayMs: 60_000, ...TARGETS.listFiles });
    // `fetch` and the emulator have timers of their own.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const since = Date.now() - GRACE_MS;
    const heartbeatDetails = { progress: { firstSeenAtMs: since, listFailingSinceMs: since } };
    const reading = run(env.activities.readResults, read(GRACE_MS), { heartbeatDetails });
    await until(() => env.emulator.requests.some(({ path }) => FILES.test(path)));
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await reading).rows).toHaveLength(3);
  });

  test('fit into a heartbeat, whatever LlamaCloud returns in one page', async () => {
    const { env, batch, read, a } = await startResults(KIND);
    setRows(env, batch.id, [row(a, 'pjb-1')]);
    env.emulator.rewrite(TARGETS.listFiles, (body) => {
      const [file] = Object(body).items;
      const created_at = `2026-01-01T00:00:00Z (${'x'.repeat(600)})`;
      return {
        items: Array.from({ length: 2_500 }, (_, n) => ({ ...file, id: n === 0 ? a : `dfl-${n}`, created_at })),
      };
    });
    const context = createContext();
    let heartbeat = '';
    context.on('heartbeat', (details: unknown) => {
      heartbeat = JSON.stringify(details);
    });
    const failure = await failureOf(runIn(context, env.activities.readResults, read()));
    expect(failure.message).toContain('more results may come');
    expect(heartbeat).not.toBe('');
    expect(heartbeat.length).toBeLessThan(1_000_000);
  });

  test('do not keep a cancelled activity', async () => {
    const { env, read } = await startResults(KIND);
    env.emulator.faults.next({ kind: 'delay', delayMs: 60_000, ...TARGETS.listFiles });
    const context = createContext();
    const reading = runIn(context, env.activities.readResults, read());
    await until(() => env.emulator.requests.some(({ path }) => FILES.test(path)));
    context.cancel();
    await expect(reading).rejects.toThrow(CancelledFailure);
  });

  test('do not end the reading when their list goes in a circle', async () => {
    const { env, batch, read } = await startResults(KIND);
    const next_page_token = Buffer.from('after:-1').toString('base64url');
    env.emulator.rewrite(TARGETS.listFiles, (body) => ({ ...(body instanceof Object ? body : {}), next_page_token }));
    const heartbeatDetails = { progress: { firstSeenAtMs: Date.now() - GRACE_MS } };
    const { rows } = await run(env.activities.readResults, read(GRACE_MS), { heartbeatDetails });
    expect(rows.map(({ name }) => name)).toEqual(['a.md', 'b.md', 'c.md']);
    expect(batch.requests().filter(({ path }) => FILES.test(path))).toHaveLength(2);
  });

  test('of 10,000 files with long names and ids cost one request an attempt where requests are limited, and end', async () => {
    const { env, batch, read } = await startResults(KIND, 5);
    const name = '漢'.repeat(300);
    const files = Array.from({ length: 10_000 }, (_, i) => ({ name: `${i}${name}`, content: '' }));
    const { id: directoryId } = await env.emulator.addDirectory(files);
    editFiles(env.emulator, (file) => ({ ...file, id: `${'id' in file ? file.id : ''}-${'x'.repeat(1_200)}` }));
    let before = batch.requests().length;
    let largest = 0;
    const input = read(GRACE_MS, { directoryId, graceMs: 1_000 });
    let attempts = 0;
    const { rows } = await runAttempts(env.activities.readResults, input, (_, details) => {
      expect(batch.requests().length - before).toBe(1);
      before = batch.requests().length;
      attempts++;
      largest = Math.max(largest, Buffer.byteLength(JSON.stringify(details) ?? ''));
    });
    expect(rows).toHaveLength(3);
    // Twenty pages of names, and the results until they have settled.
    expect(largest).toBeGreaterThan(400_000);
    expect(largest).toBeLessThan(1_000_000);
    expect(attempts).toBeGreaterThan(20);
  });
});
