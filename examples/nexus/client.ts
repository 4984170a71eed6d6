/** Starts the workflow of the calling team, and waits for its result: `npx tsx client.ts dir-...` */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { importInvoices } from './caller-workflows.js';

const [directoryId] = process.argv.slice(2);
if (directoryId === undefined) throw new Error('Give the id of a directory: npx tsx client.ts dir-...');
const { connectionOptions, namespace = 'accounting' } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const client = new Client({ connection, namespace });

const result = await client.workflow.execute<typeof importInvoices>('importInvoices', {
  workflowId: `import-${directoryId}`,
  taskQueue: 'accounting',
  args: [directoryId],
});
console.log(result);
await connection.close();
