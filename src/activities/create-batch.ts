import type { Batch } from '../llamacloud/index.js';
import type { BatchRequest } from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { UNDECIDED_DELAY_MS } from './failure.js';
import { NotReady } from './not-ready.js';
import { type CreateBatchInput, type CreatedBatch, findLost } from './reconcile.js';

/**
 * Step 1b: creates the batch, once. The API has no idempotency key, and a POST whose answer was lost may have created a
 * batch that costs money: so every attempt after the first looks for that batch before it posts again.
 */
export function createBatch(deps: ActivityDeps) {
  return async (input: CreateBatchInput): Promise<CreatedBatch> => {
    const what = `batch over directory ${input.request.directoryId}`;
    // Looking is a read, and is tried again where a create is not: a batch may be out there that nobody has the id of.
    const lost = await attempt('read', what, async (look) =>
      look.number > 1 ? findLost(deps, input, look) : undefined,
    );
    if (lost !== undefined) return created(lost);
    return attempt('create', what, async (look) => {
      look.signal.throwIfAborted();
      const batch = await post(deps, input.request).catch(async (error: unknown) => {
        // No attempt may follow this one: it was cancelled, or the rejection is final. An earlier one may have had an effect.
        const isLast = look.signal.aborted || look.number > 1;
        const adopted = isLast ? await findLost(deps, input, look).catch(() => undefined) : undefined;
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
    attempt('read', `batch over directory ${input.request.directoryId}`, async (look) => {
      const lost = await findLost(deps, input, look);
      if (lost !== undefined) return created(lost);
      if (look.ageMs >= UNDECIDED_DELAY_MS) return null;
      throw new NotReady('BatchNotReady', 'a lost request may still take effect', UNDECIDED_DELAY_MS);
    });
}

function created({ id, status }: Batch): CreatedBatch {
  return { batchId: id, status };
}

/** Has no signal: aborting a POST does not undo it. The workflow waits for the answer, and cancels the batch then. */
function post({ llamacloud }: ActivityDeps, { scope, directoryId, job }: BatchRequest): Promise<Batch> {
  return llamacloud.createBatch({ ...scope, sourceDirectoryId: directoryId, job });
}
