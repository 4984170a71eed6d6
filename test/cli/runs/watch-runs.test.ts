import { once } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished, test } from 'vitest';
import { CommandContext } from '../../../src/cli/command-context.js';
import type { AnyRun } from '../../../src/cli/runs/run-types.js';
import { watchRuns } from '../../../src/cli/runs/watch-runs.js';
import { BatchClient } from '../../../src/client/index.js';
import { temporalConfigFromEnv } from '../../../src/config/config.js';
import type { BatchReport } from '../../../src/protocol/index.js';
import { TextOutput } from '../cli-process.js';

const REPORT: BatchReport = {
  batchId: 'bat-1',
  directoryId: 'dir-1',
  job: { type: 'parse_v2', configurationId: 'cfg-1' },
  status: 'COMPLETED',
  files: { total: 1, completed: 1, failed: 0, cancelled: 0, skipped: 0 },
  failures: [],
  bytes: 0,
  credits: null,
  manifest: null,
};

const LOST = Object.assign(new Error('14 UNAVAILABLE: no connection'), { code: 14, details: 'no connection' });

test('many runs at a time are each printed, an outage is said once for all of them, and Node warns of nothing', async () => {
  const stdout = new TextOutput(false);
  const context = new CommandContext([], { stdout, stderr: stdout, env: {} });
  onTestFinished(() => context.signals.unlisten());
  const client = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) });
  let asked = 0;
  let report: (value: BatchReport) => void = () => undefined;
  const ended = new Promise<BatchReport>((resolve) => {
    report = resolve;
  });
  const unused = () => Promise.reject(new Error('nobody asks for it'));
  const runs = Array.from({ length: 12 }, (_, n): AnyRun => {
    return {
      workflowId: `run-${n}`,
      runId: undefined,
      progress: () => {
        asked += 1;
        if (asked === 12) setImmediate(() => report(REPORT));
        return Promise.reject(LOST);
      },
      result: () => ended,
      report: unused,
      cancel: unused,
      pause: unused,
      resume: unused,
      setMaxConcurrentJobs: unused,
    };
  });
  const warned = once(process, 'warning').then(([warning]) => warning);
  const temporal = { client, batches: new BatchClient({ client }), config: temporalConfigFromEnv({}) };
  expect(await watchRuns(context, temporal, runs)).toBe(0);
  const lines = stdout.text.trimEnd().split('\n');
  expect(lines.filter((line) => line.includes("Temporal can't be reached"))).toHaveLength(1);
  expect(lines.filter((line) => /^run-\d+: Completed\. 1 file: 1 completed\./.test(line))).toHaveLength(12);
  process.emitWarning('none before this one');
  expect(await warned).toMatchObject({ message: 'none before this one' });
});
