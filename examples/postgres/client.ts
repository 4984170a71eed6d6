/** Starts a run whose documents go to PostgreSQL, and waits for its report: `npx tsx client.ts dir-...` */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { BatchClient } from 'temporal-llamacloud';

const [directoryId] = process.argv.slice(2);
if (directoryId === undefined) throw new Error('Give the id of a directory: npx tsx client.ts dir-...');
const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const batches = new BatchClient({ client: new Client({ connection, namespace }) });

const run = await batches.start({
  directoryId,
  job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
  child: { workflowType: 'storeDocument' },
});
const { files, failures } = await run.result();
console.log(`${files.completed} of ${files.total} files are in PostgreSQL.`, failures);
await connection.close();
