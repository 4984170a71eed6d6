import type { LlamaCloudClient } from '../llamacloud/index.js';
import type { OutputStore } from '../outputs/index.js';

/** The part of the client that the activities use: anything with these methods will do. */
export type LlamaCloudPort = Pick<
  LlamaCloudClient,
  'createBatch' | 'getBatch' | 'iterateBatches' | 'cancelBatch' | 'getJob' | 'iterateDirectoryFiles' | 'download'
>;

export interface ActivityDeps {
  llamacloud: LlamaCloudPort;
  /** Where documents and manifests go. */
  outputs: OutputStore;
  /** How long runs over the same work wait for each other to publish their batches after a lost answer. Default 90,000. */
  claimMs?: number;
}
