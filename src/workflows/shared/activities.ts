import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/types.js';
import { MAX_POLL_MS } from '../../protocol/index.js';

const COMMON = {
  // An attempt is a few requests of at most a minute each.
  startToCloseTimeout: '5 minutes',
  // Activities heartbeat every 5 s, and the SDK sends every fifth or so. A lost worker is noticed within this.
  heartbeatTimeout: '30 seconds',
  // Temporal would give the activity to the worker past the task queue, and so past the pause of the account, which is a limit of that queue.
  allowEagerDispatch: false,
  retry: {
    // Every failure of this package says when to retry. The policy is for lost workers and timeouts. It does not grow: most
    // attempts are polls, so their number says nothing about how often something went wrong.
    initialInterval: '5 seconds',
    backoffCoefficient: 1,
    // Temporal cuts the delays that failures ask for to this. None of this package's is longer.
    maximumInterval: MAX_POLL_MS,
  },
} as const satisfies ActivityOptions;

/**
 * For what stops a run: the first attempt starts even while a person has paused the account, except on workers with a request limit, to
 * which Temporal gives nothing past the task queue.
 */
export const PAST_PAUSE = { allowEagerDispatch: true } as const satisfies ActivityOptions;

/** They wait for no document in the task queue: a request limit holds up what creates a batch, with a lock, or stops a run least. */
const FIRST = { ...COMMON, priority: { priorityKey: 1 } } as const satisfies ActivityOptions;

/** Reads. A cancelled one is not waited for: nothing is lost. */
export const {
  openBatch,
  findEarlierChild,
  waitForEarlierChild,
  waitForBatch,
  readResults,
  waitForJobs,
  openDirectories,
  openCorpus,
  findDirectoryBatch,
  openRedrive,
} = proxyActivities<Activities>({ ...COMMON, cancellationType: ActivityCancellationType.TRY_CANCEL });

/** Reads of `createBatch` and `redriveJob`. */
export const { findPreviousCreates, listRecentBatches, findCreatedBatch, waitUntilListed, findRedrivenJobs } =
  proxyActivities<Activities>({
    ...FIRST,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });

export const { writeManifest, writeDirectoriesManifest, writePartLines, reserveCredits } = proxyActivities<Activities>({
  ...COMMON,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** One attempt of planning is half a minute, and the largest file that is compared by its content. */
export const { planCorpusPart, openPartDirectory } = proxyActivities<Activities>({
  ...COMMON,
  startToCloseTimeout: '30 minutes',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** A thousand files of the largest size. An attempt that ends early goes on where it was: LlamaCloud has what was uploaded. */
export const { uploadPart } = proxyActivities<Activities>({
  ...COMMON,
  startToCloseTimeout: '12 hours',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** They read and write a line for each file of the corpus. */
export const { writeCorpusManifest, removeGoneDocuments } = proxyActivities<Activities>({
  ...COMMON,
  startToCloseTimeout: '2 hours',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/**
 * One attempt, since the workflow decides what to do after a failure. A cancelled POST is waited for: aborting it does not undo it,
 * and a batch or a job whose id is not known can't be cancelled.
 */
export const { postBatch, postJob } = proxyActivities<Activities>({
  ...FIRST,
  retry: { maximumAttempts: 1 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** The activities of a stop. The caller sets a `scheduleToCloseTimeout`, which includes the time in the task queue. */
export const { cancelBatch, cancelJobs, cancelJob, cancelPreviousCreates } = proxyActivities<Activities>({
  ...FIRST,
  ...PAST_PAUSE,
});

/** For the report only: where they fail, a run goes on without them. */
export const { findChildReport, readJobCredits } = proxyActivities<Activities>({
  ...COMMON,
  scheduleToCloseTimeout: '1 minute',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** Runs within the workflow task, which times out after 10 s. See `tryLocalActivity`. */
export const { collectJob: collectJobLocally } = proxyLocalActivities<Activities>({
  startToCloseTimeout: '4 seconds',
  retry: { maximumAttempts: 1 },
});

/** An attempt downloads one document: the largest take minutes. */
export function proxyCollectJob(timeoutMs: number, taskQueue: string) {
  return proxyActivities<Activities>({
    ...COMMON,
    taskQueue,
    startToCloseTimeout: '30 minutes',
    scheduleToCloseTimeout: timeoutMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  }).collectJob;
}
