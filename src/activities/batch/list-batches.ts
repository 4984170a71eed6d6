/** LlamaCloud's list of batches, as far as it can have a batch of the same work. */
import { type Batch, type ListedBatch, UnexpectedResponseError } from '../../llamacloud/index.js';
import type { ApiScope, BatchSpec, CreatedBatch } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { toStatus } from '../support/status.js';

export interface BatchToCreate extends BatchSpec {
  scope: ApiScope;
}

/** Lists the batches that may be of the spec. LlamaCloud may ignore the filter, and the workflow keeps their ids in its memo. */
export async function listBatches(
  { llamacloud }: ActivityDeps,
  spec: BatchToCreate,
  sinceMs: number,
  signal: AbortSignal,
): Promise<ListedBatch[]> {
  const createdAtOnOrAfter = new Date(sinceMs);
  const batches: ListedBatch[] = [];
  const filter = { ...spec.scope, sourceDirectoryId: spec.directoryId, createdAtOnOrAfter, signal };
  for await (const batch of llamacloud.iterateBatches(filter)) {
    if (mayBeOfSpec(batch, spec)) batches.push(batch);
    if (batches.length > MAX_BATCHES) throw toTooManyFailure(spec);
  }
  return batches;
}

/** The ids are in a payload, and Temporal allows 2 MB. */
const MAX_BATCHES = 10_000;

function toTooManyFailure({ directoryId }: BatchToCreate): UnexpectedResponseError {
  const problem = `more than ${MAX_BATCHES} batches over directory ${directoryId} in a day`;
  return new UnexpectedResponseError('items', problem, { method: 'GET', path: '/api/v2/batches' });
}

export function hasId(batch: ListedBatch): batch is Batch {
  return batch.id !== null;
}

/** Whether nothing that is known of a batch differs from the spec. The list may not say what a batch processes. */
export function mayBeOfSpec(
  batch: Pick<Batch, 'source_directory_id' | 'config'>,
  { directoryId, job }: BatchSpec,
): boolean {
  const { source_directory_id = directoryId, config } = batch;
  if (source_directory_id !== directoryId) return false;
  return config === undefined || (config.job.type === job.type && config.job.configuration_id === job.configurationId);
}

export function toCreatedBatch({ id, status }: Batch): CreatedBatch {
  return { batchId: id, status: toStatus(status) };
}
