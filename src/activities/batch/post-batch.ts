import type { CreatedBatch } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { toBatchWebhooks } from './batch-webhooks.js';
import { type BatchToCreate, toCreatedBatch } from './list-batches.js';
import { postOnce } from './post-once.js';

export interface PostBatchInput extends BatchToCreate {
  /** Workflow id of the run that the batch is for: a webhook of the batch wakes it. */
  runWorkflowId?: string | undefined;
}

/** Creates the batch by one request: `POST /api/v2/batches`. @throws what {@link postOnce} throws. */
export function postBatch(deps: ActivityDeps) {
  return ({ directoryId, job, scope, runWorkflowId }: PostBatchInput): Promise<CreatedBatch> =>
    postOnce('batch', `batch over directory ${directoryId}`, async () => {
      const webhooks = toBatchWebhooks(deps, runWorkflowId);
      const params = { ...scope, sourceDirectoryId: directoryId, job, ...webhooks };
      return toCreatedBatch(await deps.llamacloud.createBatch(params));
    });
}
