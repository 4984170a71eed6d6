import { ApplicationFailure } from '@temporalio/common';
import type { BatchResult } from '../llamacloud/index.js';
import type { ApiScope, JobType, ResolvedPoll } from '../protocol/index.js';
import { attempt } from './attempt.js';
import { clip } from './clip.js';
import type { ActivityDeps } from './deps.js';
import { fileNames } from './file-names.js';
import { NotReady } from './not-ready.js';
import { pollDelayMs } from './poll.js';

export interface ReadResultsInput extends ApiScope {
  batchId: string;
  directoryId: string;
  /** COMPLETED, or CANCELLED: a cancelled batch may never get results. */
  status: string;
  /** Where the page before ended; missing for the first. */
  cursor?: ResultsCursor;
  pageSize: number;
  graceMs: number;
  poll: ResolvedPoll;
}

/** Where a page ended: by the file, since rows may come and go between pages; by the count where that file is gone. */
export interface ResultsCursor {
  afterFileId: string;
  count: number;
}

/** One file of the batch: `job` to be processed, or an `error` that ends it. */
export interface ResultRow {
  fileId: string;
  name?: string;
  job?: { id: string; type: JobType };
  error?: string;
}

export interface ResultsPage {
  rows: ResultRow[];
  /** Files of the whole batch. */
  total: number;
  next?: ResultsCursor;
}

/**
 * Step 5: expands the results and returns a page of them. `null` results after COMPLETED are "not mapped yet", and a row
 * with neither a job nor an error may still get one: both are waited for, the rows for a grace period.
 */
export function readResults(deps: ActivityDeps) {
  return (input: ReadResultsInput): Promise<ResultsPage> => {
    const { batchId, projectId, organizationId } = input;
    return attempt('read', `results of batch ${batchId}`, async ({ nowMs, firstMs, signal }) => {
      const batch = await deps.llamacloud.getBatch(batchId, { expand: ['results'], projectId, organizationId, signal });
      const waitedMs = nowMs - firstMs;
      const wait = (state: string) =>
        new NotReady('BatchNotReady', `batch ${batchId} ${state}`, pollDelayMs(input.poll, waitedMs));
      const results = batch.results ?? undefined;
      if (results === undefined) {
        if (input.status === 'CANCELLED' && waitedMs >= input.graceMs) return { rows: [], total: 0 };
        if (batch.status === 'FAILED')
          throw ApplicationFailure.nonRetryable(
            `batch ${batchId} turned out to have failed: it has no results`,
            'BatchFailed',
          );
        throw wait(`is ${input.status}, its results are not mapped yet`);
      }
      const all = distinct(results);
      const open = all.filter((row) => row.job_reference == null && row.error_message == null).length;
      if (open > 0 && waitedMs < input.graceMs)
        throw wait(`is ${input.status}, ${open} of ${all.length} files have no job yet`);
      return toPage(all, await fileNames(deps, input, signal), input);
    });
  };
}

/** Repeated rows collapse: one with a job wins over one with an error, and that over one with neither. */
function distinct(results: readonly BatchResult[]): BatchResult[] {
  const byFile = new Map<string, BatchResult>();
  for (const row of results) {
    const known = byFile.get(row.source_directory_file_id);
    if (known === undefined || worth(row) > worth(known)) byFile.set(row.source_directory_file_id, row);
  }
  return [...byFile.values()];
}

function worth(row: BatchResult): number {
  if (row.job_reference != null) return 2;
  return row.error_message == null ? 0 : 1;
}

function toPage(all: readonly BatchResult[], names: ReadonlyMap<string, string>, input: ReadResultsInput): ResultsPage {
  const start = startOf(all, input.cursor);
  const rows = all.slice(start, start + input.pageSize).map((row) => toRow(row, names));
  const end = start + rows.length;
  const last = rows.at(-1);
  const next = last !== undefined && end < all.length ? { afterFileId: last.fileId, count: end } : undefined;
  return { rows, total: all.length, ...(next === undefined ? {} : { next }) };
}

function startOf(all: readonly BatchResult[], cursor: ResultsCursor | undefined): number {
  if (cursor === undefined) return 0;
  const index = all.findIndex((row) => row.source_directory_file_id === cursor.afterFileId);
  return index === -1 ? Math.min(cursor.count, all.length) : index + 1;
}

function toRow(row: BatchResult, names: ReadonlyMap<string, string>): ResultRow {
  const fileId = row.source_directory_file_id;
  const name = names.get(fileId);
  const named = { fileId, ...(name === undefined ? {} : { name: clip(name) }) };
  if (row.job_reference != null) return { ...named, job: { id: row.job_reference.id, type: row.job_reference.type } };
  return { ...named, error: clip(row.error_message ?? 'LlamaCloud has neither a job nor an error for this file') };
}
