import { type ResolvedPoll, SHORTEST_DELAY_MS } from '../protocol/index.js';

/**
 * Share of a delay that is left to chance, so that a thousand runs started together do not look together. With more than
 * this, an unlucky hour would cost more than 100 requests.
 */
const JITTER = 0.05;

/**
 * How long until the next look, in milliseconds: `initial + (coefficient - 1) x waited`, which is exponential growth
 * written without counting attempts, so that a worker restart or a change of status does not start it again.
 */
export function pollDelayMs(poll: ResolvedPoll, waitedMs: number, random: () => number = Math.random): number {
  const delay = Math.min(poll.maximumMs, poll.initialMs + (poll.coefficient - 1) * Math.max(0, waitedMs));
  return Math.max(SHORTEST_DELAY_MS, Math.round(delay * (1 - JITTER * random())));
}

/** A delay as people say it: `30 s`, `5 min`. */
export function sayDelay(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
