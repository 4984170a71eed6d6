import { setImmediate } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { expect, test } from 'vitest';
import { ProcessSignals } from '../../../src/cli/process-signals.js';
import { followRun } from '../../../src/cli/runs/follow-run.js';
import type { AnyProgress } from '../../../src/cli/runs/run-types.js';
import { TemporalOutage } from '../../../src/cli/runs/temporal-outage.js';
import type { RunHandle, WithBlockedBy } from '../../../src/client/index.js';
import type { BatchProgress, BatchReport } from '../../../src/protocol/index.js';

const TARGET = { address: 'temporal:7233', namespace: 'default' };

const NO_FILES = { total: 0, completed: 0, failed: 0, cancelled: 0, skipped: 0 };

const JOB = { type: 'parse_v2', configurationId: 'cfg-1' } as const;

const REPORT: BatchReport = {
  batchId: 'bat-1',
  directoryId: 'dir-1',
  job: JOB,
  status: 'COMPLETED',
  files: NO_FILES,
  failures: [],
  bytes: 0,
  credits: null,
  manifest: null,
};

const UNUSED = {
  cancel: async () => undefined,
  pause: () => Promise.reject(new Error('nobody pauses it')),
  resume: async () => undefined,
  setMaxConcurrentJobs: async () => undefined,
};

/** Node 20 has no `Promise.withResolvers`. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

test('the end of a run aborts no query: a worker would log a warning that the query it answers is gone', async () => {
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  const asked = deferred<AbortSignal | undefined>();
  const answer = deferred<WithBlockedBy<BatchProgress>>();
  const result = deferred<BatchReport>();
  const run: RunHandle<BatchReport, AnyProgress> = {
    workflowId: 'a-run',
    runId: undefined,
    progress: () => {
      asked.resolve(connection.callContextStorage.getStore()?.abortSignal);
      return answer.promise;
    },
    result: () => result.promise,
    report: () => result.promise,
    ...UNUSED,
  };
  const shown: string[] = [];
  const following = followRun({
    client: new Client({ connection }),
    run,
    signals: new ProcessSignals(),
    intervalMs: 1,
    view: { show: ({ phase }) => shown.push(phase), note: () => undefined, end: () => undefined },
    outage: new TemporalOutage(TARGET, () => undefined),
  });
  const signal = await asked.promise;
  result.resolve(REPORT);
  await setImmediate();
  expect(signal?.aborted).toBe(false);
  answer.resolve({ ...toProgress({ batchId: 'bat-1', blockedBy: null }), phase: 'reporting' });
  expect(await following).toEqual(REPORT);
  expect(shown).toEqual(['reporting', 'completed']);
});

test('the id of the batch and what blocks the run are each printed once, on lines of their own', async () => {
  const progress = toProgress({ batchId: 'bat-1', blockedBy: 'LlamaCloud answered 503' });
  const notes = await followTo(3, async () => progress);
  expect(notes).toEqual(['Batch bat-1', 'Blocked by: LlamaCloud answered 503']);
});

test('that no worker answers is printed once, and again after a worker has answered', async () => {
  const noWorker = Object.assign(new Error('No worker of task queue llamacloud answered.'), { name: 'NoWorkerError' });
  const answers = [noWorker, noWorker, toProgress({ batchId: null, blockedBy: null }), noWorker];
  const notes = await followTo(answers.length, async (query) => {
    const answer = answers[query];
    if (answer === undefined || answer instanceof Error) throw answer ?? noWorker;
    return answer;
  });
  expect(notes).toEqual([noWorker.message, noWorker.message]);
});

test('that a run is stuck, and each failure, are printed once', async () => {
  const failure = (name: string) => ({ fileId: `dfl-${name}`, name, type: 'JobFailed', message: 'it is torn' });
  const waiting = toProgress({ batchId: null, blockedBy: null });
  const stuck = { since: '2026-11-28T03:00:00.000Z', advice: 'Look at it.' };
  const answers = [
    { ...waiting, stuck, lastFailures: [failure('a.pdf')] },
    { ...waiting, stuck, lastFailures: [failure('a.pdf'), failure('b.pdf')] },
    { ...waiting, lastFailures: Array.from({ length: 30 }, (_, n) => failure(`${n}.pdf`)) },
  ];
  const notes = await followTo(answers.length, async (query) => answers[query] ?? waiting);
  expect(notes.slice(0, 4)).toEqual([
    'Failed: a.pdf: it is torn',
    'Stuck: nothing has changed since 2026-11-28T03:00:00.000Z. Look at it.',
    'Failed: b.pdf: it is torn',
    'Failed: 0.pdf: it is torn',
  ]);
  expect(notes.filter((note) => note.startsWith('Failed'))).toHaveLength(20);
  expect(notes.at(-1)).toBe('There are more failures: the report lists them');
});

test('a connection that is lost, of the queries and of the wait for the end, is said once, and that it is back', async () => {
  const lost = Object.assign(new Error('14 UNAVAILABLE: no connection'), { code: 14, details: 'no connection' });
  const progress = toProgress({ batchId: null, blockedBy: null });
  let results = 0;
  const result = async () => {
    results += 1;
    if (results < 3) throw lost;
  };
  const answers = [lost, lost, progress, progress];
  const answer = async (query: number) => {
    const found = answers[query];
    if (found === undefined || found instanceof Error) throw found ?? lost;
    return found;
  };
  expect(await followTo(answers.length, answer, result)).toEqual([
    "Temporal can't be reached at temporal:7233. The run is not affected. Trying again…",
    'Temporal answers again at temporal:7233',
  ]);
  expect(results).toBe(3);
});

/** Follows a run that ends with its last query. Returns the notes. */
async function followTo(
  queries: number,
  answer: (query: number) => Promise<WithBlockedBy<BatchProgress>>,
  beforeResult: () => Promise<void> = async () => undefined,
): Promise<string[]> {
  const result = deferred<BatchReport>();
  const notes: string[] = [];
  let query = 0;
  await followRun({
    client: new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) }),
    run: {
      workflowId: 'a-run',
      runId: undefined,
      progress: async () => {
        const current = query;
        query += 1;
        if (query > queries) result.resolve(REPORT);
        return answer(Math.min(current, queries - 1));
      },
      result: async () => {
        await beforeResult();
        return await result.promise;
      },
      report: () => result.promise,
      ...UNUSED,
    },
    signals: new ProcessSignals(),
    intervalMs: 1,
    view: { show: () => undefined, note: (line) => notes.push(line), end: () => undefined },
    outage: new TemporalOutage(TARGET, (line) => notes.push(line)),
    showsFailures: true,
  });
  return notes;
}

function toProgress({ batchId, blockedBy }: { batchId: string | null; blockedBy: string | null }) {
  return {
    phase: 'waiting' as const,
    directoryId: 'dir-1',
    job: JOB,
    batchId,
    batchStatus: 'RUNNING',
    directoryFileCount: null,
    jobsEnded: 0,
    waitingFor: null,
    files: NO_FILES,
    running: 0,
    pause: null,
    stuck: null,
    maxConcurrentJobs: null,
    lastFailures: [],
    failure: null,
    startedAt: '',
    manifest: null,
    blockedBy,
    accountPause: null,
  };
}
