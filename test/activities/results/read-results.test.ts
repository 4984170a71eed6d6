import { describe, expect, test } from 'vitest';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { until } from '../../support/until.js';
import { createContext, failing, failureOf, run, runAttempts, runIn } from '../support.js';
import { GRACE_MS, readLogged, row, setRows, startResults, writeLines } from './support.js';

describe('the results of a batch', () => {
  test('are its files, each once with its name and its job, however late and in whatever order they come', async () => {
    const { env, batch, read } = await startResults({ lateRowsMs: 100, lateJobsMs: 200 });
    const page = await runAttempts(env.activities.readResults, read());
    const [{ files } = { files: [] }] = env.emulator.batches.list();
    expect(page).toMatchObject({ remaining: 0, status: 'COMPLETED' });
    expect(page.rows.toSorted((one, other) => ((one.name ?? '') < (other.name ?? '') ? -1 : 1))).toEqual(
      files.map(({ fileId, name, jobId }) => ({
        ...{ fileId, name, job: { id: jobId, type: 'parse_v2' } },
        ...{ error: null, storedLine: null },
      })),
    );
    expect(batch.requests()[0]?.query).toEqual({ expand: ['results'] });
  });

  test('of a batch that turns out to have failed never come, and are not waited for', async () => {
    const { env, batch, read } = await startResults();
    env.emulator.batches.setStatus(batch.id, 'FAILED');
    const failure = await failing(env.activities.readResults, read());
    expect(failure).toMatchObject({ type: 'BatchFailed', nonRetryable: true });
  });

  test('that are null after COMPLETED are waited for, however long it takes', async () => {
    const { env, batch, read } = await startResults();
    setRows(env, batch.id, null);
    for (const waitedMs of [0, GRACE_MS + 1, 86_400_000]) {
      const failure = await failing(env.activities.readResults, read(waitedMs));
      expect(failure).toMatchObject({ type: 'BatchNotReady', nonRetryable: false, category: 'BENIGN' });
      expect(failure.message).toMatch(
        /^batch bat-.* is COMPLETED, its results are not mapped yet, next poll in \d+ s$/,
      );
    }
    expect(batch.requests()).toHaveLength(3);
  });

  test('that were null for longer than the grace period have it all the same once they are there', async () => {
    const { env, batch, read, a } = await startResults();
    setRows(env, batch.id, null);
    const context = createContext();
    let heartbeatDetails: unknown;
    context.on('heartbeat', (details: unknown) => {
      heartbeatDetails = details;
    });
    await failureOf(runIn(context, env.activities.readResults, read(2 * GRACE_MS)));
    setRows(env, batch.id, [row(a, 'pjb-1')]);
    const failure = await failing(env.activities.readResults, read(2 * GRACE_MS), { heartbeatDetails });
    expect(failure.message).toContain('2 of 3 files have no job yet');
    // Also where the directory can't be listed.
    env.emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.listFiles });
    expect((await failing(env.activities.readResults, read(2 * GRACE_MS))).message).toContain('more results may');
    // On a later page it has passed.
    const input = read(GRACE_MS, { parts: 1 });
    await writeLines(env, input, 0, [{ fileId: a, job: null }]);
    expect((await run(env.activities.readResults, input)).rows).toHaveLength(2);
  });

  test('that are null after CANCELLED are none, once the grace period has passed', async () => {
    const { env, batch, read } = await startResults();
    env.emulator.batches.setStatus(batch.id, 'CANCELLED');
    setRows(env, batch.id, null);
    // On a later page the run has asked for results long before.
    const input = read(2 * GRACE_MS);
    expect((await failing(env.activities.readResults, input, { ageMs: GRACE_MS - 5_000 })).type).toBe('BatchNotReady');
    const page = await run(env.activities.readResults, input, { ageMs: GRACE_MS });
    expect(page).toEqual({ rows: [], remaining: 0, status: 'CANCELLED', resultsMissing: true });
  });

  test('with neither a job nor an error are waited for, then have neither', async () => {
    const { env, batch, read, a, b, c } = await startResults();
    setRows(env, batch.id, [row(a, 'pjb-1'), row(b, null), row(c, null, 'unreadable')]);
    const failure = await failing(env.activities.readResults, read());
    expect(failure.message).toMatch(/is COMPLETED, 1 of 3 files have no job yet, next poll in/);
    const heartbeatDetails = { progress: { firstSeenAtMs: Date.now() - GRACE_MS } };
    const page = await run(env.activities.readResults, read(GRACE_MS), { heartbeatDetails });
    expect(page.rows).toMatchObject([
      { fileId: a, name: 'a.md', job: { id: 'pjb-1', type: 'parse_v2' }, error: null },
      { fileId: b, name: 'b.md', job: null, error: null },
      { fileId: c, name: 'c.md', job: null, error: 'unreadable' },
    ]);
  });

  test('are waited for until every file that was in the directory has a row', async () => {
    const { env, batch, read, a, b, c } = await startResults();
    setRows(env, batch.id, [row(a, 'pjb-1'), row(b, 'pjb-2')]);
    const failure = await failing(env.activities.readResults, read());
    expect(failure.message).toContain('1 of 3 files have no job yet');
    const heartbeatDetails = { progress: { firstSeenAtMs: Date.now() - GRACE_MS } };
    const { rows } = await run(env.activities.readResults, read(GRACE_MS), { heartbeatDetails });
    expect(rows.map(({ fileId, job }) => [fileId, job?.id])).toEqual([
      [a, 'pjb-1'],
      [b, 'pjb-2'],
      [c, undefined],
    ]);
  });

  test('are not waited for on account of a file that was added after the batch was created', async () => {
    const { env, read } = await startResults();
    env.emulator.rewrite(TARGETS.listFiles, (body) => {
      const added = { id: 'dfl-new', display_name: 'new.md', created_at: '2100-01-01T00:00:00Z' };
      if (!(body instanceof Object && 'items' in body && Array.isArray(body.items)))
        throw new Error('there are no items');
      return { ...body, items: [...body.items, added] };
    });
    const { rows } = await runAttempts(env.activities.readResults, read());
    expect(rows.map(({ name }) => name).sort()).toEqual(['a.md', 'b.md', 'c.md']);
  });

  test('that may lack rows, since the directory can not be listed, are taken only ten seconds later', async () => {
    const { env, batch, read, a, b, c } = await startResults();
    env.emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.listFiles, times: 3 });
    setRows(env, batch.id, [row(a, 'pjb-1')]);
    const failure = await failing(env.activities.readResults, read(3_000));
    expect(failure.message).toContain('is COMPLETED, more results may come, next poll in');
    setRows(env, batch.id, [row(a, 'pjb-1'), row(b, 'pjb-2'), row(c, 'pjb-3')]);
    const heartbeatDetails = { progress: { firstSeenAtMs: Date.now() - 10_000 } };
    expect((await run(env.activities.readResults, read(10_000), { heartbeatDetails })).rows).toHaveLength(3);
  });

  test('of no files are an empty page', async () => {
    const { env, read } = await startResults();
    const { id: directoryId } = await env.emulator.addDirectory([]);
    const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
    const { id: batchId } = await env.llamacloud.createBatch({ sourceDirectoryId: directoryId, job });
    const page = await run(env.activities.readResults, read(0, { batchId, directoryId }));
    expect(page).toEqual({ rows: [], remaining: 0, status: 'COMPLETED', resultsMissing: false });
  });

  test('are small enough for history, whatever is in them', async () => {
    const { env, batch, read } = await startResults();
    const rows = Array.from({ length: 1_000 }, (_, index) => row(`${index}`.repeat(300), null, '漢🦙'.repeat(1_000)));
    setRows(env, batch.id, rows);
    const page = await run(env.activities.readResults, read(2 * GRACE_MS, { parts: 0, pageSize: 1_000, graceMs: 0 }));
    expect(page.rows).toHaveLength(1_000);
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(1_000_000);
  });

  test('that name neither a file nor a job are left out, with a warning that names the batch', async () => {
    const { env, batch, read, a, b, c } = await startResults();
    const rows = [row(a, 'pjb-1'), row(null, null, 'lost'), row(null, 'pjb-3'), row(b, 'pjb-2'), row(null, null)];
    setRows(env, batch.id, rows);
    const page = await readLogged(env, read(0));
    expect(page.rows.map(({ fileId }) => fileId)).toEqual([a, 'pjb-3', b]);
    expect(page.warnings).toMatchObject([
      { message: expect.stringContaining('name no file'), batchId: batch.id, withJob: 1 },
      { message: expect.stringContaining('neither a file nor a job'), batchId: batch.id, withoutJob: 2 },
    ]);
    setRows(env, batch.id, [row(a, 'pjb-1'), row(b, 'pjb-2'), row(c, 'pjb-3')]);
    expect((await readLogged(env, read(0))).warnings).toEqual([]);
  });

  test('of another output store than the run has are not read', async () => {
    const { env, batch, read } = await startResults();
    const failure = await failing(env.activities.readResults, read(0, { storeId: 'another' }));
    expect(failure).toMatchObject({ type: 'OutputFailed', nonRetryable: false });
    expect(failure.message).toContain("not the output store of this run's first worker");
    expect(batch.requests()).toHaveLength(0);
  });
});

describe('pages of results', () => {
  test.each([
    ['with the list of files', 0],
    ['without it', 3],
  ])('have each file once, although the rows come late and in another order each time: %s', async (_, refusals) => {
    const { env, read, a, b, c } = await startResults({ lateRowsMs: 300, lateJobsMs: 600 });
    const waitedMs = refusals === 0 ? 0 : 30_000;
    if (refusals > 0) env.emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.listFiles, times: 1e6 });
    // The ten seconds without a list are over in one.
    const heartbeatDetails = { progress: { firstSeenAtMs: Date.now() - 9_000 } };
    const found: string[] = [];
    for (let parts = 0, remaining = 1; remaining > 0; parts++) {
      const input = read(waitedMs, { parts, pageSize: 1 });
      let page: Awaited<ReturnType<typeof env.activities.readResults>> | undefined;
      await until('a page', async () => {
        page = await run(env.activities.readResults, input, { heartbeatDetails }).catch(() => undefined);
        return page !== undefined;
      });
      if (page === undefined) throw new Error('there is no page');
      found.push(...page.rows.map(({ fileId }) => fileId));
      remaining = page.remaining;
      await writeLines(
        env,
        input,
        parts,
        found.slice(-1).map((fileId) => ({ fileId, job: null })),
      );
    }
    expect(found.sort()).toEqual([a, b, c].sort());
  });

  test('whose earlier parts are gone can not be told, which is OutputFailed', async () => {
    const { env, read } = await startResults({ lateRowsMs: 0, lateJobsMs: 0 });
    const failure = await failing(env.activities.readResults, read(0, { parts: 1 }));
    expect(failure).toMatchObject({ type: 'OutputFailed', nonRetryable: false });
    expect(failure.message).toContain('manifest.part-00000.jsonl: it is gone');
  });
});
