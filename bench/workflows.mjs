// The workflow module of the bench's worker: ours, the baseline, and what a child could also be.
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

export { createBatch, processBatch, processJob } from '../dist/workflows/index.js';
export { baselineBatch, baselineJob } from './baseline/workflows.mjs';

const OPTIONS = { startToCloseTimeout: '1 minute' };
const byActivity = proxyActivities(OPTIONS);
const byLocalActivity = proxyLocalActivities(OPTIONS);

/** The body of a child as an activity. */
export async function bodyAsActivity(input) {
  return await byActivity.collectJob(input);
}

/** The body of a child as a local activity. */
export async function bodyAsLocalActivity(input) {
  return await byLocalActivity.collectJob(input);
}

/** A child that does nothing: what the server and the SDK cost by themselves. */
export async function bodyOfNothing() {
  return null;
}
