/** The types of the activities, for the workflows: none of the activities' code enters the sandbox. */
import type { createActivities } from './index.js';

export type Activities = ReturnType<typeof createActivities>;
export type { JobReference } from '../llamacloud/index.js';
export type { CreatedBatch } from '../protocol/index.js';
export type { PublishedReport } from './batch/child-report.js';
export type { EarlierChild } from './batch/earlier-child.js';
export type { PreexistingBatches } from './batch/find-created-batch.js';
export type { BatchToCreate } from './batch/list-batches.js';
export type { OpenedBatch } from './batch/open-batch.js';
export type { PostFailureDetails } from './batch/post-once.js';
export type { OpenedCorpus } from './corpus/open-corpus.js';
export type { BudgetedPart, PlannedSegment } from './corpus/plan-corpus-part.js';
export type { UploadedPart } from './corpus/upload-part.js';
export type { PartOutcome, WritePartLinesInput } from './corpus/write-part-lines.js';
export type { OpenedDirectories } from './input/open-directories.js';
export type { CancelledJobs } from './jobs/cancel-jobs.js';
export type { UnsuccessfulJob } from './jobs/collect-job.js';
export type { WriteDirectoriesManifestInput } from './manifest/write-directories-manifest.js';
export type { OpenedRedrive } from './redrive/open-redrive.js';
export type { RedrivenJob } from './redrive/redriven-jobs.js';
export type { ResultRow } from './results/result-rows.js';
