import { Client, Connection } from '@temporalio/client';
import { BatchClient, isFailure } from 'temporal-llamacloud';

const client = new Client({ connection: await Connection.connect({ address: 'localhost:7233' }) });
const batches = new BatchClient({ client });

const run = await batches.start({
  directoryId: 'dir-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
  child: { workflowType: 'indexDocument' },
  maxFailedPercent: 5,
});
console.log(run.workflowId, await run.progress());

try {
  const { files, manifest } = await run.result();
  console.log(`${files.completed} of ${files.total} documents; the manifest is ${manifest}`);
} catch (error) {
  if (!isFailure(error, 'TooManyFailedFiles')) throw error;
  console.error('More than 5 % of the files failed: see the run in the Temporal UI');
}
