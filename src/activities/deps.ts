import type { LlamaCloudClient } from '../llamacloud/index.js';
import type { OutputStore } from '../outputs/index.js';
import type { OpenCorpusSource } from '../sources/index.js';
import type { AccountGateOptions } from './account/account-gate.js';

/** The part of the client that the activities use. */
export type LlamaCloudPort = Pick<
  LlamaCloudClient,
  | 'createBatch'
  | 'getBatch'
  | 'iterateBatches'
  | 'cancelBatch'
  | 'createParseJob'
  | 'createExtractJob'
  | 'getJob'
  | 'iterateJobs'
  | 'cancelJob'
  | 'listDirectoryFiles'
  | 'getConfiguration'
  | 'createDirectory'
  | 'iterateDirectories'
  | 'uploadDirectoryFile'
  | 'deleteDirectoryFiles'
  | 'download'
>;

export interface ActivityDeps {
  llamacloud: LlamaCloudPort;
  /** Where documents and manifests go. */
  outputs: OutputStore;
  /** Opens the source of a corpus. Default: a folder, or `s3://bucket/prefix`. */
  openSource?: OpenCorpusSource;
  /**
   * Repeat the worker's `maxTaskQueueActivitiesPerSecond` here if you use it to limit requests. This option limits nothing by itself. With
   * it, each attempt of an activity sends one request, except for the few that open, create and cancel a batch, and children use no
   * local activities, because Temporal does not count them. Default: requests are not limited.
   */
  requestsPerSecond?: number;
  /**
   * The webhook of the batches that are created: the public URL of a `WebhookReceiver`, and the secret that LlamaCloud signs deliveries
   * with. Neither enters a history. Default: no webhooks.
   */
  webhook?: { url: string; secret: string };
  /**
   * When the requests of this worker pause, because LlamaCloud refuses those of the whole account, and how often one of them tests
   * whether it takes them again. Default: see {@link AccountGateOptions}.
   */
  accountGate?: AccountGateOptions;
  /** How long LlamaCloud's list of batches may lack a batch that was just created, in milliseconds: at most 90,000. Default 60,000. */
  listLagMs?: number;
}
