/** For application code: start batch runs, follow them, and put them on a schedule. */
export { type AccountPause, AccountPauseNotSupported } from './account-pauses.js';
export {
  BatchClient,
  type BatchClientOptions,
  type BatchHandle,
  type CorpusHandle,
  type DirectoriesHandle,
  type RedriveInput,
  type StartBatchOptions,
  type StartCorpusOptions,
  type StartDirectoriesOptions,
} from './batch-client.js';
export { NoWorkerError } from './no-worker-error.js';
export type { ProgressOptions, RunHandle, WithBlockedBy } from './run-handle.js';
export { RunNotReadyError } from './run-not-ready-error.js';
export type { BatchScheduleHandle, ScheduleBatchOptions } from './schedules.js';
export { registerSearchAttributes, SEARCH_ATTRIBUTE_KEYS } from './search-attributes.js';
export { batchWorkflowId, directoriesWorkflowId } from './workflow-ids.js';
