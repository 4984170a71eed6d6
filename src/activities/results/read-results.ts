import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { type ApiScope, type CollectFormat, MIN_DELAY_MS, type ResolvedPoll } from '../../protocol/index.js';
import { toStatus } from '../batch/wait-for-batch.js';
import type { ActivityDeps } from '../deps.js';
import { type ManifestOfRun, readListedFiles } from '../manifest/manifest-parts.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { type DirectoryFiles, directoryFilesSchema, NO_FILES, readFileNames } from './file-names.js';
import { readFinishedFiles } from './finished-files.js';
import { isUnmapped, type ResultRow, toCompleteRows } from './result-rows.js';

export interface ReadResultsInput extends ApiScope, ManifestOfRun {
  directoryId: string;
  /** Parts of the manifest that are written: the files in them are done. */
  parts: number;
  /** Files whose document of this format is in the output store need no processing. `null`: all files are processed. */
  skipStored: CollectFormat | null;
  /** Rows to return at most. */
  pageSize: number;
  /** How long rows that are missing or unmapped are waited for, in milliseconds. */
  graceMs: number;
  /** When the results were first asked for, on whatever page, epoch milliseconds. */
  sinceMs: number;
  poll: ResolvedPoll;
}

export interface ResultsPage {
  rows: ResultRow[];
  /** Files after this page. */
  remaining: number;
  /** Terminal status of the batch. */
  status: string;
}

/**
 * Without the list of the directory's files nobody knows how many rows there are to be: results are then only taken
 * when they are this old.
 */
const SETTLE_MS = 10_000;

/** What one attempt leaves for the next. */
const progressSchema = z.object({
  files: directoryFilesSchema.optional(),
  /** When there were results for the first time, epoch milliseconds. */
  mappedAtMs: z.number().optional(),
});

/**
 * Step 6: expands the results, and returns those that are in no part of the manifest yet: so it does not matter in which order they
 * come, nor whether some come late. `null` results after COMPLETED are "not mapped yet", and waited for.
 *
 * `GET /api/v2/batches/{id}?expand=results` and `GET /api/v1/beta/directories/{id}/files`.
 */
export function readResults(deps: ActivityDeps) {
  return (input: ReadResultsInput): Promise<ResultsPage> => {
    const { batchId, projectId, organizationId } = input;
    return runAttempt('read', `results of batch ${batchId}`, async ({ nowMs, signal, progress, saveProgress }) => {
      await assertSameStore(deps.outputs, input.storeId);
      const waitedMs = Math.max(0, nowMs - input.sinceMs);
      let { files, mappedAtMs } = progressSchema.safeParse(progress).data ?? {};
      // Temporal counts attempts against the limit: each request is to be one.
      if (deps.requestsPerSecond !== undefined && (files === undefined || files.next !== undefined)) {
        saveProgress({ files: await readFileNames(deps, input, signal, waitedMs, files), mappedAtMs });
        const state = `batch ${batchId}: the names of its files are being read`;
        throw new NotReady('BatchNotReady', state, MIN_DELAY_MS);
      }
      const batch = await deps.llamacloud.getBatch(batchId, { expand: ['results'], projectId, organizationId, signal });
      const isMapped = batch.results != null;
      if (isMapped) mappedAtMs ??= nowMs;
      saveProgress({ files, mappedAtMs });
      files ??= isMapped ? await readFileNames(deps, input, signal, waitedMs) : NO_FILES;
      // Results may be null for longer than the grace period: it then begins with the first ones.
      const mappedMs = nowMs - (input.parts === 0 && mappedAtMs !== undefined ? mappedAtMs : input.sinceMs);
      const status = toStatus(batch.status);
      if (status === 'FAILED')
        throw ApplicationFailure.nonRetryable(`batch ${batchId} failed, so it has no reliable results`, 'BatchFailed');
      const rows = toCompleteRows(batch, files);
      const incomplete = problemOf(rows, files, mappedMs);
      const mayComeYet = mappedMs < input.graceMs || (!isMapped && status !== 'CANCELLED');
      if (incomplete !== undefined && mayComeYet) {
        const state = `batch ${batchId} is ${status}, ${incomplete}`;
        throw new NotReady('BatchNotReady', state, pollDelayMs(input.poll, waitedMs));
      }
      return { ...(await pageOf(deps, input, rows ?? [])), status };
    });
  };
}

/** Why the rows may not be all, in words; `undefined` where they are. */
function problemOf(rows: ResultRow[] | undefined, files: DirectoryFiles, mappedMs: number): string | undefined {
  if (rows === undefined) return 'its results are not mapped yet';
  const unmapped = rows.filter(isUnmapped).length;
  if (unmapped > 0) return `${unmapped} of ${rows.length} files have no job yet`;
  return files.isWhole || mappedMs >= SETTLE_MS ? undefined : 'more results may come';
}

async function pageOf(
  { outputs }: ActivityDeps,
  input: ReadResultsInput,
  rows: ResultRow[],
): Promise<Pick<ResultsPage, 'rows' | 'remaining'>> {
  const listed = await readListedFiles(outputs, input, input.parts);
  const left = rows.filter(({ fileId }) => !listed.has(fileId));
  const page = left.slice(0, input.pageSize);
  const finished = input.skipStored && (await readFinishedFiles(outputs, input.batchId, input.skipStored));
  return {
    rows: page.map((row) => ({ ...row, finished: finished?.get(row.fileId) ?? null })),
    remaining: left.length - page.length,
  };
}
