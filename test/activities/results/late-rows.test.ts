import { afterEach, describe, expect, test, vi } from 'vitest';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { type Attempt, createContext, failing, failureOf, run, runIn, until } from '../support.js';
import { editFiles, GRACE_MS, readLogged, row, setRows, startResults, writeLines } from './support.js';

afterEach(() => {
  vi.useRealTimers();
});

const KIND = { lateRowsMs: 0, lateJobsMs: 0, shuffleResults: false };
const FILES = TARGETS.listFiles.path;
const OUTAGE = { kind: 'status', status: 503, ...TARGETS.listFiles } as const;

/** Heartbeat details of an attempt that fails. */
async function detailsOf(attempt: (context: ReturnType<typeof createContext>) => Promise<unknown>, options?: Attempt) {
  const context = createContext(options);
  let heartbeatDetails: unknown;
  context.on('heartbeat', (details: unknown) => {
    heartbeatDetails = details;
  });
  const failure = await failureOf(attempt(context));
  return { failure, heartbeatDetails };
}

describe('a row that comes 60 s late', () => {
  test.each([
    ['once the list of files was complete', false],
    ['once it was complete, where requests are limited', true],
  ])('is waited for although the list fails: %s', async (_, isLimited) => {
    const { env, batch, read, a, b, c } = await startResults(KIND, isLimited ? 5 : undefined);
    const { readResults } = env.activities;
    setRows(env, batch.id, [row(a, 'pjb-1'), row(b, 'pjb-2')]);
    let { heartbeatDetails } = await detailsOf((context) => runIn(context, readResults, read()));
    env.emulator.faults.next({ ...OUTAGE, times: 10 });
    for (const waitedMs of [29_000, 31_000, 59_000]) {
      const attempt = await detailsOf((context) => runIn(context, readResults, read(waitedMs)), { heartbeatDetails });
      ({ heartbeatDetails } = attempt);
      expect(attempt.failure.message).toContain('1 of 3 files have no job yet');
    }
    setRows(env, batch.id, [row(a, 'pjb-1'), row(b, 'pjb-2'), row(c, 'pjb-3')]);
    const { rows } = await run(readResults, read(60_000), { heartbeatDetails });
    expect(rows.map(({ name, job }) => [name, job?.id])).toEqual([
      ['a.md', 'pjb-1'],
      ['b.md', 'pjb-2'],
      ['c.md', 'pjb-3'],
    ]);
    expect(batch.requests().filter(({ path }) => FILES.test(path))).toHaveLength(1);
  });

  test('is waited for where the results were null for longer than the list is retried', async () => {
    const { env, batch, read, a } = await startResults(KIND);
    setRows(env, batch.id, [row(a, 'pjb-1')]);
    env.emulator.faults.next(OUTAGE);
    const failed = await detailsOf((context) => runIn(context, env.activities.readResults, read(40_000)));
    expect(failed.failure.type).toBe('ServiceUnavailable');
    const { heartbeatDetails } = failed;
    const failure = await failing(env.activities.readResults, read(41_000), { heartbeatDetails });
    expect(failure.message).toContain('2 of 3 files have no job yet');
  });

  test('is waited for where the list takes longer than 10 s once', async () => {
    const { env, batch, read, a } = await startResults(KIND);
    setRows(env, batch.id, [row(a, 'pjb-1')]);
    env.emulator.faults.next({ kind: 'delay', delayMs: 60_000, ...TARGETS.listFiles });
    // `fetch` and the emulator have timers of their own.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const reading = failing(env.activities.readResults, read(20_000));
    await until(() => env.emulator.requests.some(({ path }) => FILES.test(path)));
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await reading).message).toContain('the list was not complete after 10 s');
  });

  test.each([
    ['batch', null, '2026-01-01T00:00:00Z'],
    ['file', '2026-01-01T00:00:00Z', null],
  ])('is waited for where LlamaCloud does not say when the %s was created', async (_, batchTime, fileTime) => {
    const { env, batch, read, a, b, c } = await startResults(KIND);
    env.emulator.rewrite(TARGETS.getBatch, (body) => ({ ...Object(body), created_at: batchTime }));
    editFiles(env.emulator, (file) => ({ ...file, created_at: fileTime }));
    setRows(env, batch.id, [row(a, 'pjb-1')]);
    const failure = await failing(env.activities.readResults, read(GRACE_MS / 2));
    expect(failure.message).toContain('2 of 3 files have no job yet');
    const heartbeatDetails = { progress: { firstSeenAtMs: Date.now() - GRACE_MS } };
    const { rows } = await run(env.activities.readResults, read(GRACE_MS), { heartbeatDetails });
    expect(rows.map(({ fileId }) => fileId).sort()).toEqual([a, b, c].sort());
  });
});

test('a row that comes seconds late has its line, where the files were deleted once the batch was COMPLETED', async () => {
  const { env, batch, read, a, b, c } = await startResults(KIND);
  editFiles(env.emulator, (file) => ({ ...file, deleted_at: '2026-01-01T00:00:00Z' }));
  setRows(env, batch.id, [row(a, 'pjb-1')]);
  const { failure, heartbeatDetails } = await detailsOf((context) =>
    runIn(context, env.activities.readResults, read()),
  );
  expect(failure).toMatchObject({ type: 'BatchNotReady', message: expect.stringContaining('more results may come') });
  setRows(env, batch.id, [row(a, 'pjb-1'), row(b, 'pjb-2'), row(c, 'pjb-3')]);
  const firstSeenAtMs = Date.now() - 10_000;
  const later = { progress: { ...Object(heartbeatDetails).progress, firstSeenAtMs } };
  const { rows } = await run(env.activities.readResults, read(10_000), { heartbeatDetails: later });
  expect(rows.map(({ job }) => job?.id)).toEqual(['pjb-1', 'pjb-2', 'pjb-3']);
});

describe('where the list of files has an item', () => {
  test.each([null, '', 5, undefined])(
    'with the name %j, its file is waited for, and has a line',
    async (display_name) => {
      const { env, batch, read, a, b, c } = await startResults(KIND);
      editFiles(env.emulator, (file) => ('id' in file && file.id === b ? { ...file, display_name } : file));
      setRows(env, batch.id, [row(a, 'pjb-1'), row(c, 'pjb-3')]);
      const { failure, heartbeatDetails } = await detailsOf((context) =>
        runIn(context, env.activities.readResults, read()),
      );
      expect(failure.message).toContain('1 of 3 files have no job yet');
      setRows(env, batch.id, [row(a, 'pjb-1'), row(c, 'pjb-3'), row(b, 'pjb-2')]);
      const { rows } = await run(env.activities.readResults, read(3_000), { heartbeatDetails });
      expect(rows.map(({ fileId, name, job }) => [fileId, name, job?.id])).toEqual([
        [a, 'a.md', 'pjb-1'],
        [c, 'c.md', 'pjb-3'],
        [b, null, 'pjb-2'],
      ]);
    },
  );

  test.each([
    ['null', null, undefined],
    ['missing', undefined, undefined],
    ['a number', 5, undefined],
    ['null, on an earlier page than the last where requests are limited', null, 5],
  ])('whose id is %s, rows are taken after 10 s, with a warning', async (_, id, requestsPerSecond) => {
    const { env, batch, read, a, b, c } = await startResults({ ...KIND, maxPageSize: 1 }, requestsPerSecond);
    editFiles(env.emulator, (file) => ('id' in file && file.id === a ? { ...file, id } : file));
    setRows(env, batch.id, [row(b, 'pjb-2'), row(c, 'pjb-3')]);
    let heartbeatDetails: unknown;
    let failure: Awaited<ReturnType<typeof detailsOf>>['failure'];
    do {
      const attempt = await detailsOf((context) => runIn(context, env.activities.readResults, read()), {
        heartbeatDetails,
      });
      ({ failure, heartbeatDetails } = attempt);
    } while (failure.message.includes('names of its files are being read'));
    expect(failure).toMatchObject({ type: 'BatchNotReady', message: expect.stringContaining('more results may come') });
    setRows(env, batch.id, [row(b, 'pjb-2'), row(c, 'pjb-3'), row(a, 'pjb-1')]);
    const { progress } = Object(heartbeatDetails);
    const later = { progress: { ...progress, firstSeenAtMs: Date.now() - 10_000 } };
    const { rows, warnings } = await readLogged(env, read(10_000), later);
    expect(rows.map(({ name, job }) => [name, job?.id])).toEqual([
      ['b.md', 'pjb-2'],
      ['c.md', 'pjb-3'],
      [null, 'pjb-1'],
    ]);
    const message =
      'The list of the directory has files without a usable id: a file is missing if its result comes late';
    expect(warnings).toMatchObject([{ message, batchId: batch.id, files: 1 }]);
  });
});

describe('a later page', () => {
  test('has the names, and the files without a row, although the list fails once', async () => {
    const { env, batch, read, a, b } = await startResults(KIND);
    setRows(env, batch.id, [row(a, 'pjb-1'), row(b, 'pjb-2')]);
    const input = read(2 * GRACE_MS, { parts: 1 });
    await writeLines(env, input, 0, [{ fileId: a, job: null }]);
    env.emulator.faults.next(OUTAGE);
    const failed = await detailsOf((context) => runIn(context, env.activities.readResults, input));
    expect(failed.failure.type).toBe('ServiceUnavailable');
    const { heartbeatDetails } = failed;
    const { rows } = await run(env.activities.readResults, input, { heartbeatDetails });
    expect(rows.map(({ name }) => name)).toEqual(['b.md', 'c.md']);
  });
});
