import { type ApiScope, isTerminal, type ResolvedPoll } from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { NotReady } from './not-ready.js';
import { pollDelayMs } from './poll.js';

export interface WatchBatchInput extends ApiScope {
  batchId: string;
  /** Last status seen; the activity returns when there is another. */
  lastStatus: string | null;
  /** When the waiting began, epoch milliseconds. */
  waitingSinceMs: number;
  poll: ResolvedPoll;
}

/**
 * Step 3: GETs the batch, and returns its status once it differs from the last one seen. Until then it throws a benign
 * `BatchNotReady`: Temporal's server does the waiting, at no history and no worker slot.
 */
export function watchBatch(deps: ActivityDeps) {
  return (input: WatchBatchInput): Promise<string> => {
    const { batchId, projectId, organizationId } = input;
    return attempt(input.lastStatus === null ? 'adopt' : 'read', `batch ${batchId}`, async ({ nowMs, signal }) => {
      const { status } = await deps.llamacloud.getBatch(batchId, { projectId, organizationId, signal });
      if (status !== input.lastStatus || isTerminal(status)) return status;
      throw new NotReady(
        'BatchNotReady',
        `batch ${batchId} is ${status}`,
        pollDelayMs(input.poll, nowMs - input.waitingSinceMs),
      );
    });
  };
}
