/** The workflow module of the worker: the workflows of the package, and a child workflow of the application. */
import { proxyActivities } from '@temporalio/workflow';
import type { JobOutcome, ProcessJobInput } from 'temporal-llamacloud';
import { processJob } from 'temporal-llamacloud/workflows';
import type * as activities from './activities.js';

export * from 'temporal-llamacloud/workflows';

// Without a limit Temporal retries for ever, and the run waits until its `timeout`.
const { addToIndex } = proxyActivities<typeof activities>({
  startToCloseTimeout: '1 minute',
  retry: { maximumAttempts: 5 },
});

/** Runs for each file in place of `processJob`: collects the document, then adds it to a search index. */
export async function indexDocument(input: ProcessJobInput): Promise<JobOutcome> {
  const document = await processJob(input);
  await addToIndex(document);
  return document;
}
