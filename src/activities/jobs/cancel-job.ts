import { type ApiScope, DEFAULT_POLL, isTerminal, type JobType } from '../../protocol/index.js';
import { isShownByNextPoll } from '../batch/cancel-batch.js';
import type { ActivityDeps } from '../deps.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { runAttempt } from '../support/run-attempt.js';
import { toStatus } from '../support/status.js';

export interface CancelJobInput extends ApiScope {
  /** Job (`pjb-...`, `ext-...`). */
  id: string;
  type: JobType;
}

/**
 * Cancels one job, waits until it has stopped, and returns its terminal status. A job that ended by itself is no error.
 *
 * `GET /api/v2/parse/{id}` and `POST /api/v2/parse/{id}/cancel`, or the same of `/api/v2/extract`.
 */
export function cancelJob({ llamacloud }: ActivityDeps) {
  return ({ id, type, projectId, organizationId }: CancelJobInput): Promise<string> =>
    runAttempt('cancel', `job ${id}`, async ({ ageMs, signal }) => {
      const scope = { projectId, organizationId, signal };
      const { status } = (await llamacloud.getJob({ id, type }, scope)).job;
      if (isTerminal(status)) return status;
      // Sent again with each poll, since it is idempotent and one may get lost.
      await llamacloud.cancelJob({ id, type }, scope).catch((error: unknown) => {
        if (!isShownByNextPoll(error)) throw error;
      });
      const state = `job ${id} is ${toStatus(status)} and being cancelled`;
      throw new NotReady('JobNotReady', state, pollDelayMs(DEFAULT_POLL, ageMs));
    });
}
