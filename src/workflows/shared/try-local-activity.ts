import { ApplicationFailure, isCancellation, sleep, TemporalFailure } from '@temporalio/workflow';

/** What a service that is down, or asks for fewer requests, needs. Temporal does not hand on what the failure asked for. */
const PAUSE_MS = 5_000;

/**
 * Runs a local activity once. It costs the server half of what an activity does.
 *
 * @returns `undefined` where it failed or took too long: what has to be retried is better seen as an activity.
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
