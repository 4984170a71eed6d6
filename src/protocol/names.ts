/**
 * Names that are stored in histories, schedules and applications: changing one breaks runs that are under way.
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
  createBatch: 'createBatch',
  redriveJob: 'redriveJob',
  processCorpus: 'processCorpus',
  processCorpusPart: 'processCorpusPart',
} as const;

/** Query of `processBatch`, answered with a {@link BatchProgress}, and of `processDirectories`. */
export const PROGRESS_QUERY = 'progress';

/**
 * Signal of `processBatch`: poll the batch now. Takes no arguments. It has an effect only while the run waits for its batch to end, not
 * while it waits for jobs.
 */
export const WAKE_SIGNAL = 'wake';

/** Update of `processBatch` and `processDirectories`: start no more children, and poll no more, until {@link RESUME_UPDATE}. */
export const PAUSE_UPDATE = 'pause';

/** Update of `processBatch` and `processDirectories`: ends a pause. Takes no arguments. */
export const RESUME_UPDATE = 'resume';

/** Update of `processBatch` and `processDirectories`: changes `maxConcurrentJobs`. Its argument is the number. */
export const SET_MAX_CONCURRENT_JOBS_UPDATE = 'setMaxConcurrentJobs';

/** Signal by which `processDirectories` passes a pause and the like on to its batches. Internal. */
export const CONTROL_SIGNAL = 'llamacloudControl';

/** Signal by which a batch tells `processDirectories` that it is stuck, or no longer. Internal. */
export const STUCK_SIGNAL = 'llamacloudStuck';

/** Memo key of a batch that `processDirectories` has started: `true` if that takes {@link STUCK_SIGNAL}. */
export const TAKES_STUCK_MEMO = 'llamacloudParentTakesStuck';

/** Memo key of a batch workflow's batch id, also set where the search attributes are not registered. */
export const BATCH_ID_MEMO = 'llamacloudBatchId';

/** Memo key of `createBatch`: ids of the batches that existed before it created its own. */
export const PREEXISTING_BATCHES_MEMO = 'llamacloudPreexistingBatches';

/** Memo key of `createBatch`: the failure after which it has not created its batch yet. */
export const BLOCKED_BY_MEMO = 'llamacloudBlockedBy';

/** Memo key of the report of a run that was cancelled or passed its timeout. Temporal keeps no result of a cancelled workflow. */
export const REPORT_MEMO = 'llamacloudReport';

/** What a batch processes, and with which job. */
export interface BatchSpec {
  directoryId: string;
  job: BatchJob;
}

/** Equal for batches with the same directory, job type and configuration, and for no others: a valid id has no `/`. */
function dedupKey({ directoryId, job }: BatchSpec): string {
  return [directoryId, job.type, job.configurationId].join('/');
}

/**
 * Summary of a run in the Temporal UI.
 *
 * @param source What is processed: the id of a directory, or `12 directories`.
 */
export function renderSummary(source: string, job: BatchJob): string {
  return `${job.type} of ${source} with ${job.configurationId}`;
}

/** Default workflow id of a batch run. Temporal runs one workflow of an id at a time. */
export function processBatchWorkflowId(spec: BatchSpec): string {
  return `llamacloud/${dedupKey(spec)}`;
}

/** Workflow id of `createBatch`: the lock under which batches of one spec are created, one at a time. */
export function createBatchWorkflowId(spec: BatchSpec): string {
  return `llamacloud-create/${dedupKey(spec)}`;
}

/** Workflow id of `redriveJob`: the lock under which a file gets new jobs with a configuration, one at a time, whatever batch has failed it. */
export function redriveJobWorkflowId(fileId: string, job: BatchJob): string {
  return `llamacloud-redrive/${[fileId, job.type, job.configurationId].join('/')}`;
}

/**
 * Workflow id of a run over a corpus, and so the lock under which one run at a time writes to an output folder. All workers of a task queue
 * have the same output store.
 *
 * @param output Folder in the output store. Empty: the store itself.
 */
export function corpusWorkflowId(taskQueue: string, output: string): string {
  return `llamacloud-corpus/${taskQueue}/${output}`;
}
