import { HttpStatusError, UnexpectedResponseError } from '../../llamacloud/index.js';
import { type ApiScope, DEFAULT_POLL, isTerminal } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { runAttempt } from '../support/run-attempt.js';
import { toStatus } from '../support/status.js';

export interface CancelBatchInput extends ApiScope {
  batchId: string;
}

/**
 * Cancels the remote batch, waits until it has stopped, and returns its terminal status. A batch that ended by itself is no error.
 *
 * `GET /api/v2/batches/{id}` and `POST /api/v2/batches/{id}/cancel`.
 */
export function cancelBatch(deps: ActivityDeps) {
  return ({ batchId, projectId, organizationId }: CancelBatchInput): Promise<string> =>
    runAttempt('cancel', `batch ${batchId}`, async ({ ageMs, signal }) => {
      const scope = { projectId, organizationId, signal };
      const cancel = () => deps.llamacloud.cancelBatch(batchId, scope);
      const { status } = await deps.llamacloud.getBatch(batchId, scope).catch(async (error: unknown) => {
        // The batch costs money for as long as it goes on, also where LlamaCloud does not say whether it does.
        await cancel().catch(() => undefined);
        throw error;
      });
      if (isTerminal(status)) return status;
      // Sent again with each poll, since it is idempotent and one may get lost.
      await cancel().catch((error: unknown) => {
        if (!isShownByNextPoll(error)) throw error;
      });
      const state = `batch ${batchId} is ${toStatus(status)} and being cancelled`;
      throw new NotReady('BatchNotReady', state, pollDelayMs(DEFAULT_POLL, ageMs));
    });
}

/**
 * The next poll shows what became of the batch, or the job: it may have ended before the cancel, and LlamaCloud does not publish which status says
 * so. Or the body of the response, which is not used, is invalid.
 */
export function isShownByNextPoll(error: unknown): boolean {
  if (error instanceof UnexpectedResponseError) return true;
  return error instanceof HttpStatusError && [400, 409, 422].includes(error.status);
}
