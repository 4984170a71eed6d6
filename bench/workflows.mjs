// The workflow module of the bench's worker: ours, the peer, and what a child could also be.
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

export { processBatch, processJob } from '../dist/workflows/index.js';
export { peerBatch, peerJob } from './peer/workflows.mjs';

const OPTIONS = { startToCloseTimeout: '1 minute' };
const byActivity = proxyActivities(OPTIONS);
const byLocalActivity = proxyLocalActivities(OPTIONS);

/** The body of a child as an activity. */
export async function bodyAsActivity(input) {
  const { bytes, sha256, credits } = await byActivity.collectJob(input);
  return { bytes, sha256, credits };
}

/** The body of a child as a local activity. */
export async function bodyAsLocalActivity(input) {
  const { bytes, sha256, credits } = await byLocalActivity.collectJob(input);
  return { bytes, sha256, credits };
}

/** A child that does nothing: what the server and the SDK cost by themselves. */
export async function bodyOfNothing() {
  return null;
}
