// The baseline, written like Temporal's samples: a timer loop that polls, and one child for each job, all at once.
import { executeChild, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';

const { createBatch, batchStatus, batchJobs, collect } = proxyActivities({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

const TERMINAL = ['COMPLETED', 'FAILED', 'CANCELLED'];

export async function baselineBatch({ directoryId, configurationId, batchId, pollEvery = '5 seconds' }) {
  const id = batchId ?? (await createBatch({ directoryId, configurationId }));
  for (;;) {
    const status = await batchStatus(id);
    if (TERMINAL.includes(status)) break;
    await sleep(pollEvery);
  }
  const jobs = await batchJobs(id);
  const { workflowId } = workflowInfo();
  const children = jobs.map((job) =>
    executeChild(baselineJob, { args: [job], workflowId: `${workflowId}/${job.fileId}` }),
  );
  return (await Promise.all(children)).length;
}

export async function baselineJob(job) {
  for (;;) {
    const document = await collect(job);
    if (document !== null) return document;
    await sleep('5 seconds');
  }
}
