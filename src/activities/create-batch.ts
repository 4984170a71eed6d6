import { log } from '@temporalio/activity';
import type { Batch } from '../llamacloud/index.js';
import type { BatchRequest } from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { batchesSince, type KnownBatches } from './open-batch.js';

export interface CreateBatchInput {
  request: BatchRequest;
  known: KnownBatches;
}

export interface CreatedBatch {
  batchId: string;
  status: string;
}

/**
 * Step 1b: creates the batch, once. The API has no idempotency key, and a POST whose answer was lost may have created a
 * batch that costs money: so every attempt after the first looks for that batch before it posts again.
 */
export function createBatch(deps: ActivityDeps) {
  return (input: CreateBatchInput): Promise<CreatedBatch> => {
    const { request } = input;
    return attempt('create', `batch over directory ${request.directoryId}`, async ({ number, signal }) => {
      const lost = number > 1 ? await findLost(deps, input, signal) : undefined;
      if (lost !== undefined) {
        log.info('Adopted the batch that an earlier attempt created', { batchId: lost.id });
        return { batchId: lost.id, status: lost.status };
      }
      const batch = await deps.llamacloud.createBatch({
        ...request.scope,
        sourceDirectoryId: request.directoryId,
        job: request.job,
        // No signal: aborting a POST does not undo it. The workflow waits for the answer, and cancels the batch then.
      });
      return { batchId: batch.id, status: batch.status };
    });
  };
}

/** The oldest batch of the same directory and configuration that was not there before: the first attempt's. */
async function findLost(
  deps: ActivityDeps,
  { request, known }: CreateBatchInput,
  signal: AbortSignal,
): Promise<Batch | undefined> {
  let oldest: Batch | undefined;
  for await (const batch of batchesSince(deps, request, known.since, signal)) {
    const { job } = batch.config;
    const same = job.type === request.job.type && job.configuration_id === request.job.configurationId;
    // Newest first: the last one seen is the oldest.
    if (same && batch.source_directory_id === request.directoryId && !known.ids.includes(batch.id)) oldest = batch;
  }
  return oldest;
}
