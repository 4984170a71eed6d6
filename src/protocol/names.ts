/**
 * The names that a history, a schedule or somebody's code may hold: changing one breaks runs that are under way.
 *
 * Everything in `protocol/` is shared by both sides of the workflow sandbox, so it imports nothing at run time.
 */

import type { BatchJob } from './input.js';

/** Task queue that the worker polls and the client starts on, unless told otherwise. */
export const DEFAULT_TASK_QUEUE = 'llamacloud';

export const WORKFLOW_TYPES = {
  processBatch: 'processBatch',
  processJob: 'processJob',
  processDirectories: 'processDirectories',
} as const;

/** Query of a batch workflow, which answers a {@link BatchProgress}, and of one over many directories. */
export const PROGRESS_QUERY = 'progress';

/** Signal of a batch workflow: what it waits for may have changed, so it looks now. Takes no arguments. */
export const WAKE_SIGNAL = 'wake';

/** Custom search attributes of a batch workflow, all of type Keyword. */
export const SEARCH_ATTRIBUTES = {
  batchId: 'LlamaCloudBatchId',
  batchStatus: 'LlamaCloudBatchStatus',
  directoryId: 'LlamaCloudDirectoryId',
  jobType: 'LlamaCloudJobType',
} as const;

/** Memo key under which a batch workflow publishes its batch id, registered search attributes or not. */
export const BATCH_ID_MEMO = 'llamacloudBatchId';

/** Memo key under which a batch workflow publishes what it works on, before it creates a batch: see {@link workOf}. */
export const WORK_MEMO = 'llamacloudWork';

/** The same directory, job and configuration are the same work. */
export function workOf({ directoryId, job }: { directoryId: string; job: BatchJob }): string {
  return [directoryId, job.type, job.configurationId].join('/');
}

/** The same in words: what the Temporal UI shows beside a run. */
export function workInWords({ directoryId, job }: { directoryId: string; job: BatchJob }): string {
  return `${job.type} of ${directoryId} with ${job.configurationId}`;
}

/** Memo key under which a run that was cancelled leaves its report: Temporal keeps no result of a cancelled workflow. */
export const REPORT_MEMO = 'llamacloudReport';
