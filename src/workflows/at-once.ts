import { ApplicationFailure, isCancellation, sleep, TemporalFailure } from '@temporalio/workflow';
import { isFailure } from '../protocol/index.js';

/** As the failures themselves ask for at least; Temporal does not hand that on to a workflow. */
const PAUSE_MS = { rateLimited: 5_000, other: 2_000 };

/**
 * Tries a local activity, once. What it is given is not in history, and it costs the server half of what an activity does.
 *
 * @returns `undefined` where it failed or took too long: what has to be tried again is better seen as an activity. That is after a pause,
 * which a service that is down or asks for fewer requests needs.
 */
export async function atOnce<T>(localActivity: () => Promise<T>): Promise<T | undefined> {
  try {
    return await localActivity();
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    if (error instanceof ApplicationFailure && error.nonRetryable !== true) {
      await sleep(isFailure(error, 'RateLimited') ? PAUSE_MS.rateLimited : PAUSE_MS.other);
    }
    return undefined;
  }
}
