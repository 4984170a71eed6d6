import type { LlamaCloudClient } from '../llamacloud/index.js';
import type { OutputStore } from '../outputs/index.js';

/** The part of the client that the activities use. */
export type LlamaCloudPort = Pick<
  LlamaCloudClient,
  | 'createBatch'
  | 'getBatch'
  | 'iterateBatches'
  | 'cancelBatch'
  | 'getJob'
  | 'iterateJobs'
  | 'cancelJob'
  | 'listDirectoryFiles'
  | 'download'
>;

export interface ActivityDeps {
  llamacloud: LlamaCloudPort;
  /** Where documents and manifests go. */
  outputs: OutputStore;
  /**
   * Set it to the `maxTaskQueueActivitiesPerSecond` of the workers if that limits the requests. Each attempt of an activity then makes
   * one request, except for the few that open, create and cancel a batch. Children use no local activities, because Temporal does not
   * count them. Default: no limit.
   */
  requestsPerSecond?: number;
  /** How long LlamaCloud's list of batches may lack a batch that was just created, in milliseconds. Default 60,000. */
  listLagMs?: number;
}
