// Creates the namespace `default` of a new cluster, with the search attributes of batch runs, and waits until a run can be started.
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { registerSearchAttributes } from '../../dist/index.js';

const NAMESPACE = 'default';
const RETENTION_S = 3 * 24 * 3_600;
const BOUND_MS = 120_000;
const ALREADY_EXISTS = 6;

const [, , address] = process.argv;
const deadlineMs = Date.now() + BOUND_MS;
for (;;) {
  try {
    await prepare();
    break;
  } catch (error) {
    // The services find each other, and read the new namespace, a little later.
    if (Date.now() > deadlineMs) throw error;
    await sleep(500);
  }
}

async function prepare() {
  const connection = await Connection.connect({ address, connectTimeout: 2_000 });
  try {
    await connection.workflowService
      .registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod: { seconds: RETENTION_S } })
      .catch((error) => {
        if (error.code !== ALREADY_EXISTS) throw error;
      });
    await registerSearchAttributes(connection, NAMESPACE);
    await connection.workflowService.listWorkflowExecutions({ namespace: NAMESPACE, pageSize: 1 });
  } finally {
    await connection.close();
  }
}
