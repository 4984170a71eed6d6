/** Durable LlamaCloud batches on Temporal. */
export { type ActivityDeps, createActivities, type LlamaCloudPort } from './activities/index.js';
export {
  BatchClient,
  type BatchClientOptions,
  type BatchHandle,
  batchWorkflowId,
  type StartBatchOptions,
} from './client.js';
export * from './llamacloud/index.js';
export { DirectoryStore, OutputError, type OutputStore, openOutputStore, type StoredObject } from './outputs/index.js';
export * from './protocol/index.js';
export type { ScheduleBatchOptions, ScheduledBatch } from './schedules.js';
export { registerSearchAttributes, SEARCH_ATTRIBUTE_KEYS } from './search-attributes.js';
