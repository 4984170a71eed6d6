/** Durable LlamaCloud batches on Temporal. */
export {
  type AccountGateOptions,
  type ActivityDeps,
  createActivities,
  type LlamaCloudPort,
  recordRequest,
} from './activities/index.js';
export * from './client/index.js';
export {
  type Batch,
  type BatchResult,
  type CallOptions,
  ConnectionError,
  type CreateBatchParams,
  type DirectoryFile,
  type EndedRequest,
  type ExpandOptions,
  type ExtractJob,
  HttpStatusError,
  IncompleteDocumentError,
  type JobReference,
  type JobResult,
  type JobSummary,
  type ListBatchesParams,
  type ListedBatch,
  type ListJobsParams,
  LlamaCloudClient,
  type LlamaCloudClientOptions,
  LlamaCloudError,
  type Page,
  type ParseJob,
  type ParseResult,
  UnexpectedResponseError,
  type Webhook,
} from './llamacloud/index.js';
export type { LlamaCloudNexusOptions } from './nexus/options.js';
export {
  type Content,
  DirectoryStore,
  OutputError,
  type OutputStore,
  openOutputStore,
  type StoredObject,
  toDistinctName,
  type WriteOptions,
} from './outputs/index.js';
export { LlamaCloudPlugin, type LlamaCloudPluginOptions } from './plugin.js';
export * from './protocol/public.js';
export * from './webhooks/index.js';
export { WORKER_OPTIONS } from './worker-options.js';
