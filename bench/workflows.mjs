// The workflows of the bench's worker: ours, the baseline, and child workflows to compare.
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

export { createBatch, processBatch, processJob } from '../dist/workflows/index.js';
export { baselineBatch, baselineJob } from './baseline/workflows.mjs';

const OPTIONS = { startToCloseTimeout: '1 minute' };
const activities = proxyActivities(OPTIONS);
const localActivities = proxyLocalActivities(OPTIONS);

/** A child that collects by an activity. */
export async function collectByActivity(input) {
  return await activities.collectJob(input);
}

/** A child that collects by a local activity. */
export async function collectByLocalActivity(input) {
  return await localActivities.collectJob(input);
}

/** A child that does nothing: the cost of the server and the SDK alone. */
export async function emptyChild() {
  return null;
}
