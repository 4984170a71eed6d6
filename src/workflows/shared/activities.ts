import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/types.js';
import { MAX_POLL_MS } from '../../protocol/index.js';

const COMMON = {
  // A few requests of at most a minute each.
  startToCloseTimeout: '5 minutes',
  // Activities heartbeat every 5 s, of which the SDK sends one every 24 s. A worker that is gone is noticed within this.
  heartbeatTimeout: '30 seconds',
  retry: {
    // Every failure of ours says when to retry. What is left to the policy is a dead worker or a timeout, and there
    // the number of attempts says nothing, since waiting counts as well: so no growth.
    initialInterval: '5 seconds',
    backoffCoefficient: 1,
    // Caps what our failures ask for; they have their own limits, none above this.
    maximumInterval: MAX_POLL_MS,
  },
} as const satisfies ActivityOptions;

/** Reads: nothing is lost by not waiting for one that is being cancelled. */
export const {
  openBatch,
  findEarlierCreates,
  listRecentBatches,
  findCreatedBatch,
  waitForBatch,
  readResults,
  waitForJobs,
  openDirectories,
} = proxyActivities<Activities>({ ...COMMON, cancellationType: ActivityCancellationType.TRY_CANCEL });

export const { writeManifest, writeDirectories } = proxyActivities<Activities>({
  ...COMMON,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/**
 * One attempt: what comes of it decides what is done next. A cancelled POST is waited for: aborting it does not undo it, and
 * a batch whose id nobody has can't be cancelled.
 */
export const { postBatch } = proxyActivities<Activities>({
  ...COMMON,
  retry: { maximumAttempts: 1 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** What stops a run. The caller bounds them by `scheduleToCloseTimeout`. */
export const { cancelBatch, cancelJobs } = proxyActivities<Activities>(COMMON);

/** For the counts only: a run that is being stopped ends without them where Temporal can't be asked. */
export const { findChildReport } = proxyActivities<Activities>({ ...COMMON, scheduleToCloseTimeout: '1 minute' });

/** Within the workflow task, and short, so that it does not time out. See `tryLocalActivity`. */
export const { collectJob: collectJobLocally } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '4 seconds',
  retry: { maximumAttempts: 1 },
});

/** One document: the largest take minutes to download. */
export function proxyCollectJob(timeoutMs: number, taskQueue: string) {
  return proxyActivities<Activities>({
    ...COMMON,
    taskQueue,
    startToCloseTimeout: '30 minutes',
    scheduleToCloseTimeout: timeoutMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  }).collectJob;
}
