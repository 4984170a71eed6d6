import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { expect, test } from 'vitest';
import { findChildReport } from '../../../src/activities/batch/child-report.js';
import { BATCH_ID_MEMO } from '../../../src/protocol/index.js';
import { run } from '../support.js';

interface Run {
  runId: string;
  firstRunId: string;
  batchId: string;
}

/** A client of a server that has these runs of one workflow id, the latest first. */
function clientOf(runs: Run[]): Client {
  const getHandle = (workflowId: string, runId?: string) => ({
    describe: async () => {
      const found = runId === undefined ? runs[0] : runs.find((each) => each.runId === runId);
      if (found === undefined) throw new WorkflowNotFoundError('there is none', workflowId, runId);
      const { firstRunId, batchId } = found;
      return { runId: found.runId, memo: { [BATCH_ID_MEMO]: batchId }, raw: { workflowExecutionInfo: { firstRunId } } };
    },
  });
  const withAbortSignal = (_signal: AbortSignal, describe: () => unknown) => describe();
  return { withAbortSignal, workflow: { getHandle } } as unknown as Client;
}

const CHILD = [
  { runId: 'second', firstRunId: 'first', batchId: 'bat-child' },
  { runId: 'first', firstRunId: 'first', batchId: 'bat-child' },
];

test.each([
  ['that has continued as new', CHILD],
  [
    'is not that of a run which somebody has started with its id since then',
    [{ runId: 'other', firstRunId: 'other', batchId: 'bat-other' }, ...CHILD],
  ],
])('the report of a child %s', async (_, runs) => {
  const input = { workflowId: 'llamacloud/dir-1', firstRunId: 'first' };
  expect(await run(findChildReport, input, { client: clientOf(runs) })).toEqual({ batchId: 'bat-child' });
});
