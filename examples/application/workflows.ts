/** The workflow module of your worker: re-export all of ours, which start each other, and add your own. */
import { proxyActivities } from '@temporalio/workflow';
import type { JobOutcome, ProcessJobInput } from 'temporal-llamacloud';
import { processJob } from 'temporal-llamacloud/workflows';
import type { indexing } from './activities.js';

export * from 'temporal-llamacloud/workflows';

const { addToIndex } = proxyActivities<typeof indexing>({ startToCloseTimeout: '1 minute' });

/** Runs for each document in place of `processJob`: collects it, then puts it into a search index. */
export async function indexDocument(input: ProcessJobInput): Promise<JobOutcome> {
  const document = await processJob(input);
  await addToIndex(document);
  return document;
}
