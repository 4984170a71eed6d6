import { createHash } from 'node:crypto';
import type { BatchResult } from '../llamacloud/index.js';
import type { ResultsCursor } from './read-results.js';

export interface PageOf<T> {
  rows: T[];
  /** Files after this page. */
  remaining: number;
  next?: ResultsCursor;
}

/** Repeated rows collapse: one with a job wins over one with an error, and that over one with neither. */
export function distinct(results: readonly BatchResult[]): BatchResult[] {
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

/** One page of the results, from where the page before ended. */
export function pageOf(
  all: readonly BatchResult[],
  { cursor, pageSize }: { cursor?: ResultsCursor; pageSize: number },
): PageOf<BatchResult> {
  const start = startOf(all, cursor);
  const rows = all.slice(start, start + pageSize);
  const end = start + rows.length;
  const last = rows.at(-1);
  const remaining = all.length - end;
  return {
    rows,
    remaining,
    ...(last === undefined || remaining === 0
      ? {}
      : { next: { afterFileId: last.source_directory_file_id, count: end } }),
  };
}

function startOf(all: readonly BatchResult[], cursor: ResultsCursor | undefined): number {
  if (cursor === undefined) return 0;
  const index = all.findIndex((row) => row.source_directory_file_id === cursor.afterFileId);
  return index === -1 ? Math.min(cursor.count, all.length) : index + 1;
}

/** Which jobs a page has, and in which order: whoever speaks of its rows by their numbers has to have the same page. */
export function digestOf(rows: readonly BatchResult[]): string {
  const hash = createHash('sha256');
  for (const { job_reference: job } of rows) hash.update(`${job?.id ?? ''}\n`);
  return hash.digest('base64url').slice(0, 16);
}
