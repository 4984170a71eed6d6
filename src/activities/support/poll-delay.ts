import { MIN_DELAY_MS, type ResolvedPoll } from '../../protocol/index.js';

/**
 * Random share of the first delays, so that a thousand runs that started together do not poll together. Later delays depend on the
 * time waited, so the runs stay apart. More jitter could cost more than 100 requests an hour.
 */
const JITTER = 0.05;

/** The first delays grow this much faster. That saves a few of the 100 requests an hour. */
const EARLY_GROWTH = 3;

/** Time from when a poll is due until its response is there, on an idle server. It counts as waiting. */
const LATENCY_MS = 80;

/**
 * Returns the delay before the next poll, in milliseconds: `latencyRatio x waited`. It depends on the time waited and not on the
 * number of attempts, so a worker restart does not reset it.
 *
 * While that is less than `initialInterval`, in the first 10 s by default, the delays start at `initialInterval` and grow faster. They
 * are cut so that a poll comes at the latest when the first of the later ones would, after 11 s. By default they are about 1.0, 1.3,
 * 1.7, 2.2, 2.9 and 1.9 s, and then 1.0 s, 1.1 s and so on.
 */
export function pollDelayMs(poll: ResolvedPoll, waitedMs: number, random: () => number = Math.random): number {
  const waited = Math.max(0, waitedMs);
  const steadyMs = poll.latencyRatio === 0 ? Number.POSITIVE_INFINITY : poll.initialInterval / poll.latencyRatio;
  const delay =
    waited < steadyMs
      ? Math.min(
          poll.initialInterval + EARLY_GROWTH * poll.latencyRatio * waited,
          steadyMs * (1 + poll.latencyRatio) - LATENCY_MS - waited,
        ) *
        (1 - JITTER * random())
      : poll.latencyRatio * waited - LATENCY_MS;
  return Math.max(MIN_DELAY_MS, Math.round(Math.min(poll.maximumInterval, delay)));
}

/** A delay for messages: `30 s`, `5 min`. */
export function formatDelay(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
