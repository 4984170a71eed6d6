import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { type BatchRequest, DEFAULT_TIMEOUT_MS, type ProcessBatchInput } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { checkBatchInput, resolveBatchInput } from '../input/index.js';
import { runAttempt } from '../support/run-attempt.js';
import { hasSearchAttributes, warnAboutSearchAttributes } from '../support/search-attributes.js';

export interface OpenedBatch {
  request: BatchRequest;
  /** Are the four search attributes registered in this namespace? */
  searchAttributes: boolean;
  /** Does the task queue limit requests? Then children must use activities, which it counts. */
  limited: boolean;
  /** Output store that the run writes to. */
  storeId: string;
}

/**
 * Step 1: validates the whole input before anything is sent. A batch that is adopted is asked for its directory and its job.
 *
 * `GET /api/v2/batches/{id}` where there is a `batchId`.
 */
export function openBatch(deps: ActivityDeps) {
  return async (input: ProcessBatchInput): Promise<OpenedBatch> => {
    const checked = checkBatchInput(input);
    const { batchId, projectId, organizationId, timeout = DEFAULT_TIMEOUT_MS } = checked;
    const searchAttributes = await hasSearchAttributes();
    if (!searchAttributes && activityInfo().attempt === 1) warnAboutSearchAttributes();
    const what = batchId === undefined ? `directory ${checked.directoryId}` : `batch ${batchId}`;
    return runAttempt('open', what, async ({ ageMs, signal }) => {
      // The workflow learns its deadline from this activity, so here it is this activity that keeps it.
      if (ageMs >= timeout)
        throw ApplicationFailure.nonRetryable(
          `${what} could not be opened within ${timeout / 1_000} s`,
          'BatchTimedOut',
        );
      const storeId = await deps.outputs.id();
      const environment = { searchAttributes, limited: deps.requestsPerSecond !== undefined, storeId };
      if (batchId === undefined) return { request: resolveBatchInput(checked), ...environment };
      const batch = await deps.llamacloud.getBatch(batchId, { projectId, organizationId, signal });
      return { request: resolveBatchInput(checked, batch), ...environment };
    });
  };
}
