/** Starts a run with the child workflow of the application, and waits for its report: `npx tsx client.ts dir-...` */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { BatchClient, isFailure } from 'temporal-llamacloud';

const [directoryId] = process.argv.slice(2);
if (directoryId === undefined) throw new Error('Give the id of a directory: npx tsx client.ts dir-...');
const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const batches = new BatchClient({ client: new Client({ connection, namespace }) });

const run = await batches.start({
  directoryId,
  job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
  child: { workflowType: 'indexDocument' },
  maxFailedPercent: 5,
});
console.log(`Started ${run.workflowId}`);

try {
  const { files, manifest } = await run.result();
  console.log(`${files.completed} of ${files.total} files completed. Manifest: ${manifest}`);
} catch (error) {
  if (!isFailure(error, 'TooManyFailedFiles')) throw error;
  const report = await run.report();
  console.error('More than 5 % of the files failed or were cancelled:', report?.failures);
}
await connection.close();
