// What a soak asks the Temporal server. Each request has its own connection, since the server is killed and restarted.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { BatchClient } from '../../dist/index.js';
import { decodePayloads } from '../decode-payloads.mjs';

export function startBatch(address, taskQueue, input) {
  return withClient(address, (client) => new BatchClient({ client, taskQueue }).start(input));
}

/** Waits for the result of a run, even while the server is down. */
export async function waitForResult(address, workflowId) {
  for (;;) {
    try {
      return await withClient(address, (client) => new BatchClient({ client }).attach(workflowId).result());
    } catch (error) {
      if (error.name === 'WorkflowFailedError') throw error;
      await sleep(500);
    }
  }
}

/** The memo and the events of every workflow of the task queue, as text. */
export function readHistories(address, taskQueue) {
  return withClient(address, async ({ workflow }) => {
    const texts = [];
    for await (const { workflowId, runId, memo } of workflow.list({ query: `TaskQueue = "${taskQueue}"` })) {
      const { events } = await workflow.getHandle(workflowId, runId).fetchHistory();
      texts.push(JSON.stringify([memo, decodePayloads(events)]));
    }
    return texts.join('\n');
  });
}

async function withClient(address, use) {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
