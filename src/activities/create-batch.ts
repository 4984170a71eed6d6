import type { Batch } from '../llamacloud/index.js';
import type { BatchRequest } from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { type CreateBatchInput, type CreatedBatch, findLost } from './reconcile.js';

/**
 * Step 1b: creates the batch, once. The API has no idempotency key, and a POST whose answer was lost may have created a
 * batch that costs money: so every attempt after the first looks for that batch before it posts again.
 */
export function createBatch(deps: ActivityDeps) {
  return async (input: CreateBatchInput): Promise<CreatedBatch> => {
    const what = `batch over directory ${input.request.directoryId}`;
    // Looking is a read, and is tried again where a create is not: a batch may be out there that nobody has the id of.
    const lost = await attempt('read', what, async ({ number, ageMs }) =>
      number > 1 ? findLost(deps, input, ageMs) : undefined,
    );
    if (lost !== undefined) return created(lost);
    return attempt('create', what, async ({ signal, ageMs }) => {
      signal.throwIfAborted();
      const batch = await post(deps, input.request).catch(async (error: unknown) => {
        // No attempt follows one that was cancelled: this is the last chance to learn the id.
        const adopted = signal.aborted ? await findLost(deps, input, ageMs) : undefined;
        if (adopted === undefined) throw error;
        return adopted;
      });
      return created(batch);
    });
  };
}

/** For a run that is stopped while it creates: the batch that it may have made, or `null`. */
export function findBatch(deps: ActivityDeps) {
  return (input: CreateBatchInput): Promise<CreatedBatch | null> =>
    attempt('read', `batch over directory ${input.request.directoryId}`, async ({ ageMs }) => {
      const lost = await findLost(deps, input, ageMs);
      return lost === undefined ? null : created(lost);
    });
}

function created({ id, status }: Batch): CreatedBatch {
  return { batchId: id, status };
}

/** Has no signal: aborting a POST does not undo it. The workflow waits for the answer, and cancels the batch then. */
function post({ llamacloud }: ActivityDeps, { scope, directoryId, job }: BatchRequest): Promise<Batch> {
  return llamacloud.createBatch({ ...scope, sourceDirectoryId: directoryId, job });
}
