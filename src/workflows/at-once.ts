import { isCancellation, TemporalFailure } from '@temporalio/workflow';

/**
 * Tries a local activity, once. What it is given is not in history, and it costs the server half of what an activity does.
 *
 * @returns `undefined` where it failed or took too long: what has to be tried again is better seen as an activity.
 */
export async function atOnce<T>(localActivity: () => Promise<T>): Promise<T | undefined> {
  try {
    return await localActivity();
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return undefined;
  }
}
