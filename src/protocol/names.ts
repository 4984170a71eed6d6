/**
 * The names that a history, a schedule or somebody's code may hold: changing one breaks runs that are under way.
 *
 * Everything in `protocol/` is shared by both sides of the workflow sandbox, so it imports nothing at run time.
 */

/** Task queue that the worker polls and the client starts on, unless told otherwise. */
export const DEFAULT_TASK_QUEUE = 'llamacloud';

export const WORKFLOW_TYPES = {
  processBatch: 'processBatch',
  processJob: 'processJob',
} as const;

/** Query of a batch workflow; answers a {@link BatchProgress}. */
export const PROGRESS_QUERY = 'progress';

/** Custom search attributes of a batch workflow, all of type Keyword. */
export const SEARCH_ATTRIBUTES = {
  batchId: 'LlamaCloudBatchId',
  batchStatus: 'LlamaCloudBatchStatus',
  directoryId: 'LlamaCloudDirectoryId',
  jobType: 'LlamaCloudJobType',
} as const;

/** Memo key under which a batch workflow publishes its batch id, registered search attributes or not. */
export const BATCH_ID_MEMO = 'llamacloudBatchId';
