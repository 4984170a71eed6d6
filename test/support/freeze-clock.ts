import { onTestFinished, vi } from 'vitest';

/**
 * Freezes `Date` for the rest of the test and returns a function that advances it by milliseconds. Timers keep running.
 *
 * @param atMs The time to freeze at, in ms of the epoch. Default: now.
 */
export function freezeClock(atMs = Date.now()): (ms: number) => void {
  vi.useFakeTimers({ toFake: ['Date'], now: atMs });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return (ms) => vi.setSystemTime(Date.now() + ms);
}
