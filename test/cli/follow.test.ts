import { setImmediate } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { expect, test } from 'vitest';
import type { AnyProgress } from '../../src/cli/any-run.js';
import { follow } from '../../src/cli/follow.js';
import { Interrupt } from '../../src/cli/interrupt.js';
import type { RunHandle, RunProgress } from '../../src/client/index.js';
import type { BatchProgress, BatchReport } from '../../src/protocol/index.js';

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
  const answer = deferred<RunProgress<BatchProgress>>();
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
    cancel: async () => undefined,
  };
  const shown: string[] = [];
  const following = follow({
    client: new Client({ connection }),
    run,
    interrupt: new Interrupt(),
    everyMs: 1,
    view: { show: ({ phase }) => shown.push(phase), note: () => undefined, end: () => undefined },
  });
  const signal = await asked.promise;
  result.resolve(REPORT);
  await setImmediate();
  expect(signal?.aborted).toBe(false);
  const { phase, blockedBy } = { phase: 'reporting', blockedBy: null } as const;
  const progress = { files: NO_FILES, running: 0, lastFailures: [], failure: null, startedAt: '', manifest: null };
  answer.resolve({
    ...progress,
    phase,
    blockedBy,
    directoryId: 'dir-1',
    job: JOB,
    batchId: 'bat-1',
    batchStatus: 'COMPLETED',
    directoryFiles: null,
    jobsEnded: 0,
  });
  expect(await following).toEqual(REPORT);
  expect(shown).toEqual(['reporting', 'completed']);
});
