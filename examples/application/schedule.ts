/** Creates a schedule that runs a batch every night. Each run creates a new batch. */
import { Client, Connection } from '@temporalio/client';
import { BatchClient } from 'temporal-llamacloud';

const client = new Client({ connection: await Connection.connect({ address: 'localhost:7233' }) });
const batches = new BatchClient({ client });

const nightly = await batches.schedule(
  {
    directoryId: 'dir-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
    child: { workflowType: 'indexDocument' },
  },
  { scheduleId: 'nightly-invoices', cron: '0 2 * * *', timeZone: 'Europe/Berlin', jitter: '10 minutes' },
);
console.log(`Created schedule ${nightly.scheduleId}`);
