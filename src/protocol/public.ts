/**
 * The public part of the protocol. It imports nothing at run time, so workflow code can import it. The rest of this folder is
 * internal and may change with any version.
 */
export type { CorpusBudget, CostEstimate } from './budget.js';
export type { Pause, PauseOptions } from './control.js';
export type {
  CorpusFailure,
  CorpusFileStatus,
  CorpusLine,
  CorpusPhase,
  CorpusProgress,
  CorpusReport,
  FailedFiles,
  GoneFiles,
  ProcessCorpusInput,
} from './corpus.js';
export type {
  DirectoriesPhase,
  DirectoriesProgress,
  DirectoriesReport,
  DirectoryCounts,
  DirectoryFailure,
  DirectoryLine,
  DirectoryStatus,
  ProcessDirectoriesInput,
} from './directories.js';
export { FAILURES, type FailureSummary, type FailureType, isFailure, rootFailure } from './failures.js';
export type {
  ApiScope,
  BatchJob,
  ChildOptions,
  CollectFormat,
  CorpusFile,
  CorpusPart,
  JobType,
  OnStop,
  PollOptions,
  ProcessBatchInput,
  ProcessJobInput,
} from './input.js';
export { METRIC_BUCKETS } from './metrics.js';
export {
  BATCH_ID_MEMO,
  DEFAULT_TASK_QUEUE,
  PAUSE_UPDATE,
  PROGRESS_QUERY,
  RESUME_UPDATE,
  SET_MAX_CONCURRENT_JOBS_UPDATE,
  WAKE_SIGNAL,
  WORKFLOW_TYPES,
} from './names.js';
export { type PagePrice, PRICES, type Prices, type Range } from './prices.js';
export type { PreviousJob, RedrivingFile } from './redrive.js';
export type {
  BatchPhase,
  BatchProgress,
  BatchReport,
  FileFailure,
  JobOutcome,
  ManifestLine,
} from './report.js';
export type { FileCounts, FileStatus } from './run.js';
export { SEARCH_ATTRIBUTES } from './search-attributes.js';
export type { Stuck, StuckDirectory } from './stuck.js';
