import { log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { Batch } from '../../llamacloud/index.js';
import {
  type ApiScope,
  type CorpusPart,
  describeFailedBatch,
  MIN_DELAY_MS,
  type ResolvedPoll,
} from '../../protocol/index.js';
import { readUploadedPaths } from '../corpus/uploads.js';
import type { ActivityDeps } from '../deps.js';
import { type ManifestRun, readListedFiles } from '../manifest/manifest-parts.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { runAttempt } from '../support/run-attempt.js';
import { toStatus } from '../support/status.js';
import { assertSameStore } from '../support/store-id.js';
import { type DirectoryFiles, FILES_NOT_READ, readDirectoryFiles, readFilesSchema } from './directory-files.js';
import { toPlainFileId } from './file-id.js';
import { countUnidentified, type FileRow, isUnmapped, type ResultRow, toCompleteRows } from './result-rows.js';
import { type PageInput, readPageRows } from './results-page.js';

export interface ReadResultsInput extends ApiScope, ManifestRun, PageInput {
  directoryId: string;
  /** How long to wait for rows that are missing or unmapped, in milliseconds. */
  graceMs: number;
  /** When the run first asked for the results, on whatever page, epoch milliseconds. */
  sinceMs: number;
  poll: ResolvedPoll;
  /** For a batch of `processCorpus`. */
  corpusPart?: CorpusPart | undefined;
}

export interface RowsPage {
  rows: ResultRow[];
  /** Number of files after this page. */
  remaining: number;
  /** Status of the batch, as read with the results. */
  status: string;
  /** The batch is CANCELLED, and its results were still `null` after the grace period: which files it has is not known. */
  resultsMissing: boolean;
}

/**
 * If the directory can't be listed, or files were deleted from it, the number of rows to expect is not known: rows are taken when they
 * are this old.
 */
const SETTLE_MS = 10_000;

/** What one attempt passes on to the next. */
const progressSchema = z.object({
  /** Complete, or where requests are limited, read so far. It stays known when the list fails later. */
  files: readFilesSchema.optional(),
  /** Since when the list of the files has failed, epoch milliseconds. */
  listFailingSinceMs: z.number().optional(),
  /** When the results were first seen not to be `null`, epoch milliseconds. */
  firstSeenAtMs: z.number().optional(),
});

/**
 * Step 6: expands the results, and returns a page of those that are in no part of the run's manifest yet. So neither the order of the
 * results matters nor that some come late. `results: null` of a COMPLETED batch means that no file has a job yet: it is polled on.
 *
 * `GET /api/v2/batches/{id}?expand=results` and `GET /api/v1/beta/directories/{id}/files`.
 */
export function readResults(deps: ActivityDeps) {
  return (input: ReadResultsInput): Promise<RowsPage> => {
    const { batchId, projectId, organizationId } = input;
    return runAttempt('read', `results of batch ${batchId}`, async (attempt) => {
      const { nowMs, ageMs, signal, progress, saveProgress } = attempt;
      await assertSameStore(deps.outputs, input.storeId);
      const waitedMs = Math.max(0, nowMs - input.sinceMs);
      const isLimited = deps.requestsPerSecond !== undefined;
      const saved = progressSchema.safeParse(progress).data ?? {};
      let { files, firstSeenAtMs } = saved;
      const readFiles = async (): Promise<DirectoryFiles> => {
        const { listFailingSinceMs = nowMs } = saved;
        saveProgress({ files, firstSeenAtMs, listFailingSinceMs });
        const read = await readDirectoryFiles(deps, input, signal, nowMs - listFailingSinceMs, files);
        if (read.isComplete || read.nextPageToken !== undefined) saveProgress({ files: read, firstSeenAtMs });
        else saveProgress({ ...(isLimited && { files: read }), firstSeenAtMs, listFailingSinceMs });
        return read;
      };
      // With a request limit, Temporal limits the attempts per second: so each attempt makes one request.
      if (isLimited && (files === undefined || files.nextPageToken !== undefined)) {
        await readFiles();
        const state = `batch ${batchId}: the names of its files are being read`;
        throw new NotReady('BatchNotReady', state, MIN_DELAY_MS);
      }
      const batch = await deps.llamacloud.getBatch(batchId, { expand: ['results'], projectId, organizationId, signal });
      const hasResults = batch.results != null;
      if (hasResults) firstSeenAtMs ??= nowMs;
      saveProgress({ ...saved, firstSeenAtMs });
      files ??= hasResults ? await readFiles() : FILES_NOT_READ;
      const status = toStatus(batch.status);
      if (status === 'FAILED') throw ApplicationFailure.nonRetryable(describeFailedBatch(batchId), 'BatchFailed');
      // The grace period begins when the results are first not null: they may be null for longer than it.
      const resultsAgeMs = nowMs - (input.parts === 0 && firstSeenAtMs !== undefined ? firstSeenAtMs : input.sinceMs);
      const listed = await readListedFiles(deps.outputs, input, input.parts);
      const rows = toCompleteRows(batch, files, listed);
      const gap = describeGap(rows, files, resultsAgeMs);
      const isInGrace = (hasResults ? resultsAgeMs : ageMs) < input.graceMs;
      const mayStillCome = isInGrace || (!hasResults && status !== 'CANCELLED');
      if (gap !== undefined && mayStillCome) {
        const state = `batch ${batchId} is ${status}, ${gap}`;
        throw new NotReady('BatchNotReady', state, pollDelayMs(input.poll, waitedMs));
      }
      warnOfUnidentified(batch, files);
      const page = await readPageRows(deps.outputs, input, rows ?? [], listed);
      return { ...(await addPaths(deps, input, page)), status, resultsMissing: !hasResults };
    });
  };
}

/** Gives each row of a batch of `processCorpus` the path of its file. */
async function addPaths<Page extends { rows: ResultRow[] }>(
  { outputs }: ActivityDeps,
  { corpusPart }: ReadResultsInput,
  page: Page,
): Promise<Page> {
  if (corpusPart === undefined) return page;
  const paths = await readUploadedPaths(outputs, corpusPart);
  const rows = page.rows.map((row) => {
    const path = paths.get(row.fileId);
    return path === undefined ? row : { ...row, path };
  });
  return { ...page, rows };
}

/** Says why the rows may be incomplete; `undefined` if they are complete. */
function describeGap(rows: FileRow[] | undefined, files: DirectoryFiles, resultsAgeMs: number): string | undefined {
  if (rows === undefined) return 'its results are not mapped yet';
  const unmapped = rows.filter(isUnmapped).length;
  if (unmapped > 0) return `${unmapped} of ${rows.length} files have no job yet`;
  const listed = new Set(files.files.map(({ id }) => id));
  const hasNoFile = ({ fileId, job }: FileRow) => job !== null && fileId === toPlainFileId(job.id);
  const areAllKnown = files.isComplete && rows.every((row) => listed.has(row.fileId) || hasNoFile(row));
  return areAllKnown || resultsAgeMs >= SETTLE_MS ? undefined : 'more results may come';
}

function warnOfUnidentified({ id: batchId, results }: Batch, { unidentified }: DirectoryFiles): void {
  const { withJob, withoutJob } = countUnidentified(results ?? []);
  if (withJob > 0)
    log.warn('Results name no file: a job that no other result names is listed in place of its file', {
      batchId,
      withJob,
    });
  if (withoutJob > 0) log.warn('Results name neither a file nor a job, and are left out', { batchId, withoutJob });
  if (unidentified > 0)
    log.warn('The list of the directory has files without a usable id: a file is missing if its result comes late', {
      batchId,
      files: unidentified,
    });
}
