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
  return async (input: CreateBatchInput): Promise<CreatedBatch> => {
    const what = `batch over directory ${input.request.directoryId}`;
    // Looking is a read, and is tried again where a create is not: a batch may be out there that nobody has the id of.
    const lost = await attempt('read', what, async ({ number }) => (number > 1 ? findLost(deps, input) : undefined));
    if (lost !== undefined) return created(lost);
    return attempt('create', what, async ({ signal }) => {
      signal.throwIfAborted();
      const batch = await post(deps, input.request).catch(async (error: unknown) => {
        // No attempt follows one that was cancelled: this is the last chance to learn the id.
        const adopted = signal.aborted ? await findLost(deps, input) : undefined;
        if (adopted === undefined) throw error;
        return adopted;
      });
      return created(batch);
    });
  };
}

function created({ id, status }: Batch): CreatedBatch {
  return { batchId: id, status };
}

/** Has no signal: aborting a POST does not undo it. The workflow waits for the answer, and cancels the batch then. */
function post({ llamacloud }: ActivityDeps, { scope, directoryId, job }: BatchRequest): Promise<Batch> {
  return llamacloud.createBatch({ ...scope, sourceDirectoryId: directoryId, job });
}

/**
 * The oldest batch of the same directory and configuration that was not there before: the first attempt's. It has no
 * signal, for the same reason.
 */
async function findLost(deps: ActivityDeps, { request, known }: CreateBatchInput): Promise<Batch | undefined> {
  let oldest: Batch | undefined;
  for await (const batch of batchesSince(deps, request, known.since)) {
    const { job } = batch.config;
    const same = job.type === request.job.type && job.configuration_id === request.job.configurationId;
    // Newest first: the last one seen is the oldest.
    if (same && batch.source_directory_id === request.directoryId && !known.ids.includes(batch.id)) oldest = batch;
  }
  if (oldest !== undefined) log.info('Adopted the batch that an earlier attempt created', { batchId: oldest.id });
  return oldest;
}
