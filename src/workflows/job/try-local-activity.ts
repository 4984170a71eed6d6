import { ApplicationFailure, isCancellation, sleep, TemporalFailure } from '@temporalio/workflow';

/** Pause for a service that is down or limits requests. The delay that the failure asked for does not reach the workflow. */
const PAUSE_MS = 5_000;

/**
 * Runs a local activity once. It costs the server half as much as an activity.
 *
 * @returns `undefined` if it failed or timed out. Retry it as an activity, which the UI shows.
 */
export async function tryLocalActivity<T>(localActivity: () => Promise<T>): Promise<T | undefined> {
  try {
    return await localActivity();
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    if (error instanceof ApplicationFailure && error.nonRetryable !== true) await sleep(PAUSE_MS);
    return undefined;
  }
}
