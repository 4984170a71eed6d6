import type { Attempt } from './run-attempt.js';

/**
 * How long the first attempt of an activity has to wait if an earlier activity has polled the same thing, in milliseconds. Then a
 * batch whose status changes at every poll is not polled more often than others. Later attempts are scheduled when a poll is due.
 *
 * @param lastPolledAtMs Epoch milliseconds; `null` if nothing has been polled yet.
 * @param delayMs Wait between two polls, in milliseconds.
 */
export function msUntilNextPoll(
  { isFirst, nowMs }: Pick<Attempt, 'isFirst' | 'nowMs'>,
  lastPolledAtMs: number | null,
  delayMs: number,
): number {
  return isFirst && lastPolledAtMs !== null ? Math.max(0, lastPolledAtMs + delayMs - nowMs) : 0;
}
