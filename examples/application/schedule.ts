/** Creates a schedule that runs a batch every night: `npx tsx schedule.ts dir-...`. Each run creates a new batch. */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { BatchClient } from 'temporal-llamacloud';

const [directoryId] = process.argv.slice(2);
if (directoryId === undefined) throw new Error('Give the id of a directory: npx tsx schedule.ts dir-...');
const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const batches = new BatchClient({ client: new Client({ connection, namespace }) });

const nightly = await batches.schedule(
  {
    directoryId,
    job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
    child: { workflowType: 'indexDocument' },
  },
  { scheduleId: 'nightly-invoices', cron: '0 2 * * *', timeZone: 'Europe/Berlin', jitter: '10 minutes' },
);
console.log(`Created schedule ${nightly.scheduleId}`);
await connection.close();
