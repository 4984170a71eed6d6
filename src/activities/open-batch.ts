import { ApplicationFailure, activityInfo, log } from '@temporalio/activity';
import type { Batch } from '../llamacloud/index.js';
import { type BatchRequest, DEFAULT_TIMEOUT_MS, type ProcessBatchInput } from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { checkBatchInput, resolveBatchInput } from './input/index.js';
import { hasSearchAttributes } from './search-attributes.js';

/** Clocks differ: batches that are up to this much older than the run are told apart by their ids. */
const CLOCK_SKEW_MS = 60 * 60_000;

/** Batches that were there before the run made its own, so that a lost answer can be told from somebody else's batch. */
export interface KnownBatches {
  /** ISO 8601. Only batches created since then are looked at. */
  since: string;
  ids: string[];
}

export interface OpenedBatch {
  request: BatchRequest;
  /** Missing where a batch is adopted and nothing will be created. */
  known?: KnownBatches;
  /** Are the four search attributes registered in this namespace? */
  searchAttributes: boolean;
  /** Are requests limited by the task queue? Then children must use activities that it counts. */
  limited?: boolean;
}

/** Step 1a: validates the whole input before anything is sent, then records the directory's recent batches. */
export function openBatch(deps: ActivityDeps) {
  return async (input: ProcessBatchInput): Promise<OpenedBatch> => {
    const checked = checkBatchInput(input);
    const searchAttributes = await hasSearchAttributes();
    if (!searchAttributes && activityInfo().attempt === 1) {
      log.warn('The search attributes of temporal-llamacloud are not registered here, and are left out', {
        hint: 'temporal-llamacloud setup',
      });
    }
    const facts = { searchAttributes, ...(deps.requestsPerSecond === undefined ? {} : { limited: true }) };
    const { batchId } = checked;
    if (batchId !== undefined) {
      return attempt('open', `batch ${batchId}`, async ({ ageMs, signal }) => {
        keepDeadline(ageMs, checked.timeout ?? DEFAULT_TIMEOUT_MS, 'be adopted');
        const { projectId, organizationId } = checked;
        const { source_directory_id: directoryId, config } = await deps.llamacloud.getBatch(batchId, {
          projectId,
          organizationId,
          signal,
        });
        const job = { type: config.job.type, configurationId: config.job.configuration_id };
        return { request: resolveBatchInput(checked, { directoryId, job }), ...facts };
      });
    }
    const request = resolveBatchInput(checked);
    return attempt('open', `directory ${request.directoryId}`, async ({ nowMs, ageMs, signal }) => {
      keepDeadline(ageMs, request.timeoutMs, 'be created');
      const since = new Date(nowMs - CLOCK_SKEW_MS).toISOString();
      const ids: string[] = [];
      for await (const batch of batchesSince(deps, request, since, signal)) ids.push(batch.id);
      return { request, known: { since, ids }, ...facts };
    });
  };
}

/** The workflow learns its deadline from this activity, so here it is this activity that keeps it. */
function keepDeadline(ageMs: number, timeoutMs: number, what: string): void {
  if (ageMs < timeoutMs) return;
  throw ApplicationFailure.nonRetryable(`no batch could ${what} within ${timeoutMs / 1_000} s`, 'BatchTimedOut');
}

export function batchesSince(
  deps: ActivityDeps,
  request: BatchRequest,
  since: string,
  signal?: AbortSignal,
): AsyncGenerator<Batch> {
  const { directoryId, scope } = request;
  return deps.llamacloud.iterateBatches({
    ...scope,
    sourceDirectoryId: directoryId,
    createdAtOnOrAfter: since,
    signal,
  });
}
