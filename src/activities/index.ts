import { cancelBatch } from './cancel-batch.js';
import { cancelJobs } from './cancel-jobs.js';
import { collectJob } from './collect-job.js';
import { createBatch, findBatch } from './create-batch.js';
import type { ActivityDeps } from './deps.js';
import { findReport } from './find-report.js';
import { openBatch } from './open-batch.js';
import { openDirectories } from './open-directories.js';
import { readResults } from './read-results.js';
import { watchBatch } from './watch-batch.js';
import { watchJobs } from './watch-jobs.js';
import { writeDirectories } from './write-directories.js';
import { writeManifest } from './write-manifest.js';

/**
 * The activities of `processBatch`, `processJob` and `processDirectories`: register them with your worker.
 *
 * @example
 * ```ts
 * const activities = createActivities({
 *   llamacloud: new LlamaCloudClient({ apiKey }),
 *   outputs: openOutputStore('./out'),
 * });
 * ```
 */
export function createActivities(deps: ActivityDeps) {
  return {
    openBatch: openBatch(deps),
    createBatch: createBatch(deps),
    findBatch: findBatch(deps),
    watchBatch: watchBatch(deps),
    readResults: readResults(deps),
    watchJobs: watchJobs(deps),
    collectJob: collectJob(deps),
    cancelBatch: cancelBatch(deps),
    cancelJobs: cancelJobs(deps),
    writeManifest: writeManifest(deps),
    openDirectories,
    findReport,
    writeDirectories: writeDirectories(deps),
  };
}

export type { ActivityDeps, LlamaCloudPort } from './deps.js';
