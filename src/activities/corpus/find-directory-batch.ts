import { type Batch, HttpStatusError } from '../../llamacloud/index.js';
import type { CreatedBatch } from '../../protocol/index.js';
import { type BatchToCreate, hasId, listBatches, toCreatedBatch } from '../batch/list-batches.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';

/** LlamaCloud removes ephemeral directories within days. */
const MAX_AGE_MS = 30 * 24 * 60 * 60_000;

export interface FindDirectoryBatchInput extends BatchToCreate {
  /** When the directory was created, by LlamaCloud's clock; `null` if it is not known. */
  directoryCreatedAt: string | null;
}

/**
 * Finds the batch over the directory of a part that an earlier execution has created and paid for; `null` without one, or if it is FAILED. One
 * that is CANCELLED has the documents that were finished by then: it is found if there is no other. The directory is this part's alone. `GET /api/v2/batches`.
 */
export function findDirectoryBatch(deps: ActivityDeps) {
  return (spec: FindDirectoryBatchInput): Promise<CreatedBatch | null> =>
    runAttempt('read', `batches over directory ${spec.directoryId}`, async ({ nowMs, signal }) => {
      const listed = await listBatches(deps, spec, nowMs - MAX_AGE_MS, signal);
      const batches = [];
      // The list may not say what a batch processes.
      for (const { id } of listed.filter(hasId)) {
        const batch = await deps.llamacloud.getBatch(id, { ...spec.scope, signal }).catch(undefinedIfNotFound);
        if (batch?.source_directory_id === spec.directoryId && isOfJob(batch.config?.job, spec)) batches.push(batch);
      }
      const usable = batches.filter(
        ({ status, created_at }) => status !== 'FAILED' && isSince(created_at, spec.directoryCreatedAt),
      );
      const [first] = usable.toSorted(compareBatches);
      return first === undefined ? null : toCreatedBatch(first);
    });
}

/** A cancelled one has only what was finished by then, so it comes last. Otherwise the oldest comes first. */
function compareBatches(a: Batch, b: Batch): number {
  const isCancelled = a.status === 'CANCELLED';
  if (isCancelled !== (b.status === 'CANCELLED')) return isCancelled ? 1 : -1;
  return (a.created_at ?? '') < (b.created_at ?? '') ? -1 : 1;
}

/** No batch is older than its directory. The list may have others, if LlamaCloud ignores the filter. */
function isSince(createdAt: string | null | undefined, directoryCreatedAt: string | null): boolean {
  return directoryCreatedAt === null || Date.parse(createdAt ?? '') >= Date.parse(directoryCreatedAt);
}

function isOfJob(
  job: { type: string; configuration_id?: string | undefined } | undefined,
  spec: BatchToCreate,
): boolean {
  return job?.type === spec.job.type && job.configuration_id === spec.job.configurationId;
}

/** A batch of somebody else that is gone meanwhile. */
function undefinedIfNotFound(error: unknown): undefined {
  if (error instanceof HttpStatusError && error.status === 404) return undefined;
  throw error;
}
