import type { LlamaCloudClient } from '../llamacloud/index.js';
import type { OutputStore } from '../outputs/index.js';

/** The part of the client that the activities use: anything with these methods will do. */
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
   * Set where the workers' `maxTaskQueueActivitiesPerSecond` limits the requests: an activity then makes one request an attempt
   * (but for the few that open, create and cancel a batch), and children use no local activities, which Temporal does not count.
   * Default: no limit.
   */
  requestsPerSecond?: number;
  /** How long LlamaCloud's list of batches may be without one that was just created, in milliseconds. Default 60,000. */
  listLagMs?: number;
}
