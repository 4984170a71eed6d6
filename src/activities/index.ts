import { AccountGate } from './account/account-gate.js';
import { AccountPauseByHand } from './account/account-pause-by-hand.js';
import { gateLlamaCloud } from './account/gate-llamacloud.js';
import { cancelBatch } from './batch/cancel-batch.js';
import { cancelPreviousCreates } from './batch/cancel-previous-creates.js';
import { findChildReport } from './batch/child-report.js';
import { findEarlierChild, waitForEarlierChild } from './batch/earlier-child.js';
import { findCreatedBatch, listRecentBatches, waitUntilListed } from './batch/find-created-batch.js';
import { openBatch } from './batch/open-batch.js';
import { postBatch } from './batch/post-batch.js';
import { findPreviousCreates } from './batch/previous-creates.js';
import { waitForBatch } from './batch/wait-for-batch.js';
import { findDirectoryBatch } from './corpus/find-directory-batch.js';
import { openCorpus } from './corpus/open-corpus.js';
import { openPartDirectory } from './corpus/open-part-directory.js';
import { planCorpusPart } from './corpus/plan-corpus-part.js';
import { removeGoneDocuments } from './corpus/remove-gone-documents.js';
import { reserveCredits } from './corpus/reserve-credits.js';
import { uploadPart } from './corpus/upload-part.js';
import { writeCorpusManifest } from './corpus/write-corpus-manifest.js';
import { writePartLines } from './corpus/write-part-lines.js';
import type { ActivityDeps } from './deps.js';
import { openDirectories } from './input/open-directories.js';
import { cancelJob } from './jobs/cancel-job.js';
import { cancelJobs } from './jobs/cancel-jobs.js';
import { collectJob } from './jobs/collect-job.js';
import { readJobCredits } from './jobs/read-job-credits.js';
import { waitForJobs } from './jobs/wait-for-jobs.js';
import { writeDirectoriesManifest } from './manifest/write-directories-manifest.js';
import { writeManifest } from './manifest/write-manifest.js';
import { findRedrivenJobs } from './redrive/find-redriven-jobs.js';
import { openRedrive } from './redrive/open-redrive.js';
import { postJob } from './redrive/post-job.js';
import { readResults } from './results/read-results.js';

/** The workflows do not wait longer for the search of a batch, or with the lock on creating one. */
const MAX_LIST_LAG_MS = 90_000;

/**
 * The activities of all workflows of the package: register them with your worker.
 *
 * @throws RangeError if `listLagMs` is too large.
 * @example
 * ```ts
 * const activities = createActivities({
 *   llamacloud: new LlamaCloudClient({ apiKey }),
 *   outputs: await openOutputStore('./out'),
 * });
 * ```
 */
export function createActivities(given: ActivityDeps) {
  if ((given.listLagMs ?? 0) > MAX_LIST_LAG_MS) throw new RangeError(`listLagMs is more than ${MAX_LIST_LAG_MS}`);
  const gate = new AccountGate(given.accountGate);
  const deps = { ...given, llamacloud: gateLlamaCloud(given.llamacloud, gate) };
  return {
    openBatch: openBatch(deps),
    findPreviousCreates: findPreviousCreates(deps),
    cancelPreviousCreates,
    listRecentBatches: listRecentBatches(deps, gate),
    postBatch: postBatch(deps),
    findCreatedBatch: findCreatedBatch(deps, gate),
    waitUntilListed: waitUntilListed(deps),
    waitForBatch: waitForBatch(deps),
    cancelBatch: cancelBatch(deps),
    readResults: readResults(deps),
    waitForJobs: waitForJobs(deps),
    collectJob: collectJob(deps, new AccountPauseByHand()),
    readJobCredits: readJobCredits(deps),
    cancelJobs: cancelJobs(deps),
    openRedrive: openRedrive(deps),
    findRedrivenJobs: findRedrivenJobs(deps, gate),
    postJob: postJob(deps),
    cancelJob: cancelJob(deps),
    writeManifest: writeManifest(deps),
    openDirectories: openDirectories(deps),
    findChildReport,
    findEarlierChild: findEarlierChild(deps),
    waitForEarlierChild,
    writeDirectoriesManifest: writeDirectoriesManifest(deps),
    openCorpus: openCorpus(deps),
    planCorpusPart: planCorpusPart(deps),
    reserveCredits: reserveCredits(deps),
    openPartDirectory: openPartDirectory(deps),
    uploadPart: uploadPart(deps),
    findDirectoryBatch: findDirectoryBatch(deps),
    writePartLines: writePartLines(deps),
    writeCorpusManifest: writeCorpusManifest(deps),
    removeGoneDocuments: removeGoneDocuments(deps),
  };
}

export type { AccountGateOptions } from './account/account-gate.js';
export { type CorpusEstimate, type EstimateCorpusOptions, estimateCorpus } from './corpus/estimate-corpus.js';
export type { ActivityDeps, LlamaCloudPort } from './deps.js';
export { recordRequest } from './support/metrics.js';
