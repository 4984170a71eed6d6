/** What the workflows know of the activities: types, so that none of their code enters the sandbox. */
import type { createActivities } from './index.js';

export type Activities = ReturnType<typeof createActivities>;
export type { UnfinishedJob } from './collect-job.js';
export type { FoundReport } from './find-report.js';
export type { OpenedBatch } from './open-batch.js';
export type { ResultRow, ResultsCursor, ResultsPage } from './read-results.js';
export type { WatchJobsInput } from './watch-jobs.js';
export type { WriteDirectoriesInput } from './write-directories.js';
export type { WriteManifestInput } from './write-manifest.js';
