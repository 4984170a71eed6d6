import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { NativeConnection } from '@temporalio/worker';
import { type LocalTemporal, startLocalTemporal } from '../../src/testing/index.js';

/** A namespace of a real Temporal server. */
export interface TestNamespace {
  readonly address: string;
  readonly namespace: string;
  readonly client: Client;
  readonly nativeConnection: NativeConnection;
}

/** A vitest process runs one file after the other, and a server costs more CPU than most files. It ends with the process. */
let server: Promise<LocalTemporal> | undefined;

/** Opens a new namespace on the server of this process: no test file sees the workflows, ids and schedules of another. */
export async function openNamespace(): Promise<TestNamespace> {
  server ??= startLocalTemporal();
  const { address, nativeConnection, client } = await server;
  const { connection } = client;
  const namespace = `test-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  return { address, namespace, nativeConnection, client: new Client({ connection, namespace }) };
}
