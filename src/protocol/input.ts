import type { Duration } from '@temporalio/common';

export const JOB_TYPES = ['parse_v2', 'extract_v2'] as const;
/** What LlamaCloud does with each file: LlamaParse or LlamaExtract. */
export type JobType = (typeof JOB_TYPES)[number];

export const COLLECT_FORMATS = ['markdown', 'text', 'items', 'record'] as const;
/**
 * Which result of a job is written to the output store: `markdown`, `text` or `items` (structured JSON) of a parse job,
 * the extracted `record` of an extract job.
 */
export type CollectFormat = (typeof COLLECT_FORMATS)[number];

/** The project and organization that a request is made in. Default: those of the API key. */
export interface ApiScope {
  /** Project id. */
  projectId?: string;
  /** Organization id. */
  organizationId?: string;
}

/** Which job runs over every file of the directory. */
export interface BatchJob {
  type: JobType;
  /** Saved configuration (`cfg-<uuid>`) or built-in preset (`cfg-PARSE_AGENTIC`), matching the type. */
  configurationId: string;
}

/** How often a batch or a job is polled: after `initialInterval` at first, then after `latencyRatio x time waited`, capped. */
export interface PollOptions {
  /** Wait before the second poll, 1 second to 1 hour. Later waits are not much shorter. Default 1 second. */
  initialInterval?: Duration;
  /**
   * How late a change may be seen, as a share of the time waited so far, 0 to 9: with 0.1, a change after an hour is seen within 6
   * minutes, or within `maximumInterval`. With 0, each wait is `initialInterval`. Default 0.1.
   */
  latencyRatio?: number;
  /** Longest wait between two polls, at most 1 hour. Default 60 seconds, or `initialInterval` if that is longer. */
  maximumInterval?: Duration;
}

/** {@link PollOptions} with every default filled in, in milliseconds. */
export interface ResolvedPoll {
  initialInterval: number;
  latencyRatio: number;
  maximumInterval: number;
}

export const ON_STOP = ['cancel', 'leave'] as const;
/** `cancel` the remote batch and wait for it to stop, or `leave` it running: a later run can adopt it. */
export type OnStop = (typeof ON_STOP)[number];

/** The child workflow that runs for each file that has a job. */
export interface ChildOptions {
  /** Workflow type. It is given a {@link ProcessJobInput}. Default `processJob`. */
  workflowType?: string;
  /** Task queue of the child. Default: that of the batch workflow. */
  taskQueue?: string;
}

/** Where a batch of `processCorpus` finds the paths of its files, and puts their documents. */
export interface CorpusPart {
  /** Folder in the output store; empty: the store itself. */
  output: string;
  /** Run id of the first run of `processCorpus`. */
  runId: string;
  /** Name of the list of the files that were uploaded. */
  uploads: string;
}

/** Where the document of a file of `processCorpus` goes. */
export interface CorpusFile {
  /** Folder in the output store; empty: the store itself. */
  output: string;
  /** Path of the file in the source. */
  path: string;
}

/** A batch that is to be created. */
export interface NewBatchInput {
  /** Source directory (`dir-...`) whose files are processed. */
  directoryId: string;
  job: BatchJob;
  batchId?: never;
}

/** An existing batch. Its directory and its job are known; if they are given as well, they have to match. */
export interface ExistingBatchInput {
  /** Adopt this batch (`bat-...`) instead of creating one. */
  batchId: string;
  directoryId?: string;
  job?: BatchJob;
}

/** Input of the `processBatch` workflow. */
export type ProcessBatchInput = (NewBatchInput | ExistingBatchInput) & BatchOptions;

/** How a batch is processed. */
export interface BatchOptions extends ApiScope {
  /**
   * With `batchId`: collect only the files that the batch's manifest does not list as COMPLETED, or whose document is missing from
   * the output store. Starts no new job. Default false.
   */
  onlyMissing?: boolean;
  /** Default `markdown` for parse jobs, `record` for extract jobs. */
  collect?: CollectFormat;
  /** Child workflows open at a time, 1 to 500. Default 40. */
  maxConcurrentJobs?: number;
  /** If more files of a COMPLETED batch fail or are cancelled, the run fails with `TooManyFailedFiles`. Default: no limit. */
  maxFailedFiles?: number;
  /** As `maxFailedFiles`, in percent of the batch's files, 0 to 100. Default: no limit. */
  maxFailedPercent?: number;
  /** Failures that the report lists, 0 to 100; the manifest has all. Default 100. */
  reportedFailures?: number;
  /**
   * New jobs that a file of a COMPLETED batch gets at most, 0 to 5, over all runs of the batch, when LlamaCloud has FAILED its job for a reason
   * that another one may mend. Each is a job that you pay for. Default 0.
   */
  retryFailed?: number;
  child?: ChildOptions;
  poll?: PollOptions;
  /** Time for the whole run, after which it stops and fails with `BatchTimedOut`. Default 7 days. */
  timeout?: Duration;
  /** What a run that is cancelled, or passes its deadline, does with the remote batch. Default `cancel`. */
  onStop?: OnStop;
  /** Time for the jobs to end, from when the batch's results are first read. Default 24 hours. */
  jobTimeout?: Duration;
  /**
   * The run is called stuck when neither the status of the batch nor a job nor a file has changed for so long. That is only shown, and
   * ends with the next change. Default 2 hours.
   */
  stuckAfter?: Duration;
  /** Files in a page of results, 1 to 1,000. The run continues as new after each page, which bounds its history. Default 1,000. */
  pageSize?: number;
  /** How long a file of a COMPLETED batch may be without a job and without an error, from the first results on. Default 2 minutes. */
  resultsGracePeriod?: Duration;
  /** Set by `processCorpus`: documents go to the paths of their files. */
  corpusPart?: CorpusPart;
}

/** {@link ProcessBatchInput} once validated: every default filled in, every duration in milliseconds. */
export interface ResolvedBatchInput {
  scope: ApiScope;
  directoryId: string;
  job: BatchJob;
  /** The batch that is adopted. */
  batchId?: string;
  onlyMissing: boolean;
  collect: CollectFormat;
  maxConcurrentJobs: number;
  maxFailedFiles?: number;
  maxFailedPercent?: number;
  reportedFailures: number;
  /** Missing in a run that 0.1.0 has opened: 0. */
  retryFailed?: number;
  child: { workflowType: string; taskQueue?: string };
  poll: ResolvedPoll;
  timeoutMs: number;
  onStop: OnStop;
  jobTimeoutMs: number;
  /** Missing in a run that 0.1.0 has opened: it is never called stuck. */
  stuckAfterMs?: number;
  pageSize: number;
  resultsGraceMs: number;
  corpusPart?: CorpusPart;
}

/** Input of the `processJob` workflow, and of the child workflow that replaces it. */
export interface ProcessJobInput extends ApiScope {
  /** Source directory file (`dfl-...`) that the job processes. */
  fileId: string;
  /** Its display name in the directory, where known. */
  name?: string;
  /** Job (`pjb-...`, `ext-...`). */
  jobId: string;
  type: JobType;
  /** Batch (`bat-...`) that created the job. The document is written to the folder with its id. */
  batchId: string;
  /** Source directory (`dir-...`) of the batch. `processJob` does not need it. */
  directoryId?: string;
  /** Default `markdown` for parse jobs, `record` for extract jobs. */
  collect?: CollectFormat;
  poll?: PollOptions;
  /** Time for the job to end and its document to be collected, in milliseconds. Default 24 hours. */
  timeoutMs?: number;
  /** Task queue of the workers that have the API key and the output store. Default: that of the workflow. */
  collectTaskQueue?: string;
  /** Try a local activity first: faster for a job that has ended, on a worker that has the activities. Default false. */
  collectLocally?: boolean;
  /** Id of the output store of the run: a worker with another store fails the attempt. Default: not checked. */
  storeId?: string;
  /** For a file of `processCorpus`: its path, which its document gets. */
  corpus?: CorpusFile;
}
