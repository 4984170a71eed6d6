/** The workflow module of the worker: the workflows of the package, and a child workflow that stores each document in PostgreSQL. */
import { proxyActivities } from '@temporalio/workflow';
import type { JobOutcome, ProcessJobInput } from 'temporal-llamacloud';
import { processJob } from 'temporal-llamacloud/workflows';
import type { createActivities } from './activities.js';

export * from 'temporal-llamacloud/workflows';

// While PostgreSQL is down, Temporal retries. After an hour the file fails.
const { storeChunks } = proxyActivities<ReturnType<typeof createActivities>>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '1 hour',
});

/** Runs for each file in place of `processJob`: collects the document, then stores its chunks. */
export async function storeDocument(input: ProcessJobInput): Promise<JobOutcome> {
  const document = await processJob(input);
  const { fileId, name = null, directoryId = '' } = input;
  await storeChunks({ directoryId, fileId, fileName: name, sha256: document.sha256, output: document.output });
  return document;
}
