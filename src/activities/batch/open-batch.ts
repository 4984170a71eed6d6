import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { DEFAULT_TIMEOUT_MS, type ProcessBatchInput, type ResolvedBatchInput } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { checkBatchInput, resolveBatchInput } from '../input/index.js';
import { runAttempt } from '../support/run-attempt.js';
import { hasSearchAttributes, warnAboutSearchAttributes } from '../support/search-attributes.js';
import { countDirectoryFiles } from './count-files.js';

export interface OpenedBatch {
  input: ResolvedBatchInput;
  /** Files of the directory now; `null` if they could not be counted. */
  directoryFileCount: number | null;
  /** Whether the search attributes are registered in this namespace. */
  searchAttributes: boolean;
  /** The same of `LlamaCloudRunState`, which 0.1.0 did not have. */
  hasRunState?: boolean;
  /** Whether the task queue limits requests. Then children must use activities, which it counts. */
  requestsLimited: boolean;
  /** Output store that the run writes to. */
  storeId: string;
}

/**
 * Step 1: validates the whole input before anything is sent. Reads the directory and the job of a batch that is adopted, and counts
 * the files of the directory.
 *
 * `GET /api/v2/batches/{id}` where there is a `batchId`, and `GET /api/v1/beta/directories/{id}/files`.
 */
export function openBatch(deps: ActivityDeps) {
  return async (input: ProcessBatchInput): Promise<OpenedBatch> => {
    const checked = checkBatchInput(input);
    const { batchId, projectId, organizationId, timeout = DEFAULT_TIMEOUT_MS } = checked;
    const searchAttributes = await hasSearchAttributes();
    if (!searchAttributes && activityInfo().attempt === 1) warnAboutSearchAttributes();
    const what = batchId === undefined ? `directory ${checked.directoryId}` : `batch ${batchId}`;
    return runAttempt('open', what, async ({ ageMs, signal }) => {
      // The workflow gets the timeout of the run from this activity, so it can't enforce it before.
      if (ageMs >= timeout)
        throw ApplicationFailure.nonRetryable(
          `the run's checks of ${what} did not finish within ${timeout / 1_000} s (the run's timeout)`,
          'BatchTimedOut',
        );
      const storeId = await deps.outputs.id();
      const existing =
        batchId === undefined
          ? undefined
          : await deps.llamacloud.getBatch(batchId, { projectId, organizationId, signal });
      const resolved = resolveBatchInput(checked, existing);
      const directoryFileCount = await countDirectoryFiles(
        deps,
        { ...resolved.scope, directoryId: resolved.directoryId },
        signal,
      );
      const requestsLimited = deps.requestsPerSecond !== undefined;
      return {
        input: resolved,
        directoryFileCount,
        searchAttributes,
        hasRunState: searchAttributes,
        requestsLimited,
        storeId,
      };
    });
  };
}
