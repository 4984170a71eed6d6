import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { readEarlierExecutions } from '../../../src/activities/batch/reset-history.js';

const task = (attributes: object) => ({ workflowTaskFailedEventAttributes: attributes });
const started = (attributes: object) => ({ workflowExecutionStartedEventAttributes: attributes });

/** The numbers of `ContinueAsNewInitiator` in Temporal's API. */
const [BY_WORKFLOW, BY_RETRY] = [1, 2];

/** The latest was continued as new by a reset run. The run before the reset was a retry. */
const HISTORIES: Record<string, object[]> = {
  latest: [started({ initiator: BY_WORKFLOW, continuedExecutionRunId: 'waiting' })],
  waiting: [started({}), task({ baseRunId: 'base', newRunId: 'waiting' })],
  base: [started({ initiator: BY_RETRY, continuedExecutionRunId: 'failed' })],
};

test('the runs before a reset are found also by a run that has continued as new since', async () => {
  const client = {
    workflow: {
      getHandle: (_: string, runId: string) => ({ fetchHistory: async () => ({ events: HISTORIES[runId] }) }),
    },
  } as unknown as Client;
  const runs = await readEarlierExecutions(client, { workflowId: 'run', runId: 'latest' });
  expect(runs.map(({ execution }) => execution.runId)).toEqual(['waiting', 'base']);
});
