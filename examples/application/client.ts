/** Starts a run with the child workflow of the application, and waits for its report. */
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
console.log(`Started ${run.workflowId}`);

try {
  const { files, manifest } = await run.result();
  console.log(`${files.completed} of ${files.total} files completed. Manifest: ${manifest}`);
} catch (error) {
  if (!isFailure(error, 'TooManyFailedFiles')) throw error;
  const report = await run.report();
  console.error('More than 5 % of the files failed or were cancelled:', report?.failures);
}
