import { type ApiScope, isTerminal, type ResolvedPoll } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { recordDetection } from '../support/metrics.js';
import { msUntilNextPoll } from '../support/next-poll.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { runAttempt } from '../support/run-attempt.js';
import { toStatus } from '../support/status.js';

export interface WaitForBatchInput extends ApiScope {
  batchId: string;
  /** Last status seen; the activity returns when there is another. */
  lastStatus: string | null;
  /** When the waiting began, epoch milliseconds. */
  waitingSinceMs: number;
  /** When an earlier activity last polled the batch, epoch milliseconds. `null`: not yet, so the first attempt polls immediately. */
  lastPolledAtMs: number | null;
  poll: ResolvedPoll;
}

/**
 * Step 4: polls the batch, and returns its status once it differs from the last one seen. Until then it throws a benign
 * `BatchNotReady`: Temporal's server does the waiting, at no history and no worker slot.
 *
 * `GET /api/v2/batches/{id}`.
 */
export function waitForBatch(deps: ActivityDeps) {
  return (input: WaitForBatchInput): Promise<string> => {
    const { batchId, lastStatus, projectId, organizationId, poll } = input;
    return runAttempt('read', `batch ${batchId}`, async (attempt) => {
      const delayMs = pollDelayMs(poll, attempt.nowMs - input.waitingSinceMs);
      const earlyMs = msUntilNextPoll(attempt, input.lastPolledAtMs, delayMs);
      if (earlyMs > 0) throw new NotReady('BatchNotReady', `batch ${batchId} is ${lastStatus}`, earlyMs);
      const scope = { projectId, organizationId, signal: attempt.signal };
      const batch = await deps.llamacloud.getBatch(batchId, scope);
      const status = toStatus(batch.status);
      // A batch that an earlier run has created may have ended long ago.
      if (isTerminal(status) && lastStatus !== null) recordDetection(status, batch.updated_at);
      if (status !== lastStatus || isTerminal(status)) return status;
      throw new NotReady('BatchNotReady', `batch ${batchId} is ${status}`, delayMs);
    });
  };
}
