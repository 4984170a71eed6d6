import { type ResolvedPoll, SHORTEST_DELAY_MS } from '../protocol/index.js';

/**
 * Share of the first delays that is left to chance, so that a thousand runs started together do not look together: they stay as far
 * apart, since later delays follow from the time waited. With more chance than this, an unlucky hour would cost more than
 * 100 requests.
 */
const JITTER = 0.05;

/** How much faster than later the first delays grow: in the first seconds a look is early or late by little. */
const HASTE = 3;

/** From when a look is due until its answer is known, on a server that is not busy: it counts as waiting, too. */
const LATENCY_MS = 80;

/**
 * How long until the next look, in milliseconds: `(coefficient - 1) x waited`, which is exponential growth
 * written without counting attempts, so that a worker restart or a change of status does not start it again. Before that
 * reaches `initial`, at 10 s by default, the delays grow from `initial` towards it.
 */
export function pollDelayMs(poll: ResolvedPoll, waitedMs: number, random: () => number = Math.random): number {
  const waited = Math.max(0, waitedMs);
  const growth = poll.coefficient - 1;
  const steadyMs = growth === 0 ? Number.POSITIVE_INFINITY : poll.initialMs / growth;
  const delay =
    waited < steadyMs
      ? Math.min(poll.initialMs + HASTE * growth * waited, steadyMs * poll.coefficient - LATENCY_MS - waited) *
        (1 - JITTER * random())
      : growth * waited - LATENCY_MS;
  return Math.max(SHORTEST_DELAY_MS, Math.round(Math.min(poll.maximumMs, delay)));
}

/** A delay as people say it: `30 s`, `5 min`. */
export function sayDelay(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
