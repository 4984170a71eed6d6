import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Activities } from '../activities/types.js';
import { LONGEST_POLL_MS } from '../protocol/index.js';

const COMMON = {
  // A few requests of at most a minute each.
  startToCloseTimeout: '5 minutes',
  // Activities beat every 5 s, of which the SDK sends one every 24 s. A worker that is gone is noticed within this.
  heartbeatTimeout: '30 seconds',
  retry: {
    // Every failure of ours says when to try again. What is left to the policy is a dead worker or a timeout, and there
    // the number of attempts says nothing, since waiting counts as well: so no growth.
    initialInterval: '5 seconds',
    backoffCoefficient: 1,
    // Caps what our failures ask for; they have their own limits, none above this.
    maximumInterval: LONGEST_POLL_MS,
  },
} as const satisfies ActivityOptions;

/** Reads: nothing is lost by not waiting for one that is being cancelled. */
export const { openBatch, watchBatch, readResults, watchJobs, openDirectories } = proxyActivities<Activities>({
  ...COMMON,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/**
 * A cancelled create is waited for: aborting a POST does not undo it, and a batch whose id nobody has can't be cancelled.
 */
export const { createBatch, writeManifest, writeDirectories } = proxyActivities<Activities>({
  ...COMMON,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Bounded, so that a run that was cancelled ends although LlamaCloud does not answer. */
export const { cancelBatch, findBatch } = proxyActivities<Activities>({
  ...COMMON,
  scheduleToCloseTimeout: '10 minutes',
});

/** A thousand jobs, where one request a second is allowed. */
export const { cancelJobs } = proxyActivities<Activities>({
  ...COMMON,
  startToCloseTimeout: '20 minutes',
  scheduleToCloseTimeout: '30 minutes',
});

/** For the counts only: a run that is being stopped ends without them where Temporal can't be asked. */
export const { findReport } = proxyActivities<Activities>({ ...COMMON, scheduleToCloseTimeout: '1 minute' });

/** Within the workflow task, and short, so that it does not time out. See `atOnce`. */
export const { collectJob: collectAtOnce, writeManifest: listAtOnce } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '4 seconds',
  retry: { maximumAttempts: 1 },
});

/** One document: the largest take minutes to download. */
export function collecting(timeoutMs: number) {
  return proxyActivities<Activities>({
    ...COMMON,
    startToCloseTimeout: '30 minutes',
    scheduleToCloseTimeout: timeoutMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
}
