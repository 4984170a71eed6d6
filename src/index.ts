/** Durable LlamaCloud batches on Temporal. */
export {
  type AccountGateOptions,
  type ActivityDeps,
  createActivities,
  type LlamaCloudPort,
  recordRequest,
} from './activities/index.js';
export * from './client/index.js';
export { WORKER_OPTIONS } from './config/worker-options.js';
export {
  type Batch,
  type BatchResult,
  type CallOptions,
  type Configuration,
  ConnectionError,
  type CreateBatchParams,
  type CreateDirectoryParams,
  type CreateExtractJobParams,
  type CreateParseJobParams,
  type Directory,
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
  type ListConfigurationsParams,
  type ListDirectoriesParams,
  type ListDirectoryFilesParams,
  type ListedBatch,
  type ListedDirectory,
  type ListJobsParams,
  LlamaCloudClient,
  type LlamaCloudClientOptions,
  LlamaCloudError,
  type MetadataValue,
  type Page,
  type ParseJob,
  type ParseResult,
  UnexpectedResponseError,
  type UploadContent,
  UploadContentError,
  type UploadedFile,
  type UploadFileParams,
  type Usage,
  type UsageDimension,
  type UsageParams,
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
