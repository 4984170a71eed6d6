import { setTimeout as sleep } from 'node:timers/promises';
import type { JobReference } from '../../llamacloud/index.js';
import { chunk } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import type { Attempt } from '../support/run-attempt.js';

/** Enough for 1,000 jobs in a minute, and few for one account. */
const CONCURRENT_REQUESTS = 10;

/** Whether to send nothing more, and to return what is known. */
export function isTimeShort({ remainingMs }: Attempt): boolean {
  return remainingMs() <= 0;
}

/**
 * The jobs in portions for which requests may be sent at the same time: 10, or with a request limit as many as it allows in a second.
 * Ends early when the time is short.
 */
export async function* paceJobs(
  { requestsPerSecond = Number.POSITIVE_INFINITY }: ActivityDeps,
  jobs: readonly JobReference[],
  attempt: Attempt,
): AsyncGenerator<JobReference[]> {
  const size = Math.max(1, Math.min(CONCURRENT_REQUESTS, Math.floor(requestsPerSecond)));
  for (const portion of chunk(jobs, size)) {
    const startedMs = performance.now();
    yield portion;
    // The time of the requests counts: slow responses do not slow down the next portion as well.
    const restMs = (1_000 * portion.length) / requestsPerSecond - (performance.now() - startedMs);
    if (restMs > 0) await sleep(restMs, undefined, { signal: attempt.signal });
    if (isTimeShort(attempt)) return;
  }
}
