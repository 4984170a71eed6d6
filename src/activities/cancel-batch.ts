import { HttpStatusError } from '../llamacloud/index.js';
import { type ApiScope, isTerminal, type ResolvedPoll } from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { NotReady } from './not-ready.js';
import { pollDelayMs } from './poll.js';

export interface CancelBatchInput extends ApiScope {
  batchId: string;
  poll: ResolvedPoll;
}

/**
 * Cancels the remote batch, waits for it to stop, and returns the status that it stopped with. One that ended in the
 * meantime is no error.
 */
export function cancelBatch(deps: ActivityDeps) {
  return ({ batchId, projectId, organizationId, poll }: CancelBatchInput): Promise<string> =>
    attempt('cancel', `batch ${batchId}`, async ({ nowMs, firstMs, signal }) => {
      const scope = { projectId, organizationId, signal };
      const { status } = await deps.llamacloud.getBatch(batchId, scope);
      if (isTerminal(status)) return status;
      // Asked again with each look: it is idempotent, and a request that was lost is made up for.
      await deps.llamacloud.cancelBatch(batchId, scope).catch((error: unknown) => {
        if (!endedMeanwhile(error)) throw error;
      });
      throw new NotReady(
        'BatchNotReady',
        `batch ${batchId} is ${status} and being cancelled`,
        pollDelayMs(poll, nowMs - firstMs),
      );
    });
}

/** A terminal batch can't be cancelled; which of these LlamaCloud says so with is not published, and the next look tells. */
function endedMeanwhile(error: unknown): boolean {
  return error instanceof HttpStatusError && [400, 409, 422].includes(error.status);
}
