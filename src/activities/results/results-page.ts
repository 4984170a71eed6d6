import { log } from '@temporalio/activity';
import type { OutputStore } from '../../outputs/index.js';
import type { CollectFormat } from '../../protocol/index.js';
import type { ListedFiles, ManifestRun } from '../manifest/manifest-parts.js';
import { type FinishedLine, isStored, type RedrivenLine, readEarlierLines } from './finished-files.js';
import type { FileRow, ResultRow } from './result-rows.js';

export interface PageInput extends Pick<ManifestRun, 'batchId' | 'firstRunId'> {
  /** Parts of the run's manifest that are written: the files in them are done. */
  parts: number;
  /** Files whose document of this format is in the output store are not processed again. `null`: all files are processed. */
  skipStored: CollectFormat | null;
  /** Maximum number of rows to return. */
  pageSize: number;
}

/** Takes the next page of the rows that are in no part of the run's manifest yet. */
export async function readPageRows(
  outputs: OutputStore,
  { batchId, skipStored, pageSize }: PageInput,
  rows: readonly FileRow[],
  listed: ListedFiles,
): Promise<{ rows: ResultRow[]; remaining: number }> {
  const unlisted = rows.filter(({ fileId, job }) => !listed.has(fileId, job?.id));
  const { finished, redriven } = await readEarlierLines(outputs, batchId);
  const page: ResultRow[] = [];
  for (const unlistedRow of unlisted.slice(0, pageSize)) {
    const row = withLatestJob(unlistedRow, redriven.get(unlistedRow.fileId));
    const line = finished.get(row.fileId);
    const isDone = line !== undefined && skipStored !== null && (await isStored(outputs, batchId, line, skipStored));
    // A name that can't be read now, but could in an earlier run, gives the document the key that it had then.
    page.push({ ...row, name: row.name ?? line?.name ?? null, storedLine: isDone ? line : null });
  }
  warnOfRenamed(batchId, page, finished);
  return { rows: page, remaining: unlisted.length - page.length };
}

/**
 * The results name the job of the batch. An earlier run may have found that it FAILED, and that another one was made in its place. One that was
 * CANCELLED with that run is left out: the file may get a new one.
 */
function withLatestJob(row: FileRow, line: RedrivenLine | undefined): Omit<ResultRow, 'storedLine'> {
  if (line === undefined || row.job === null || line.previousJobs[0]?.jobId !== row.job.id) return row;
  const { jobId, jobType: type, status, previousJobs } = line;
  if (status !== 'CANCELLED') return { ...row, job: { id: jobId, type }, previousJobs };
  const id = previousJobs.at(-1)?.jobId ?? row.job.id;
  return { ...row, job: { id, type }, previousJobs: previousJobs.slice(0, -1) };
}

/** The document's key follows from the name: the document that an earlier run has written stays where it is. */
function warnOfRenamed(batchId: string, page: readonly ResultRow[], lines: ReadonlyMap<string, FinishedLine>): void {
  const renamed = page.filter(({ fileId, name, storedLine }) => {
    const line = lines.get(fileId);
    return storedLine === null && line !== undefined && line.output !== null && line.name !== name;
  });
  if (renamed.length === 0) return;
  log.warn('Files have other names than in the manifest of an earlier run, whose documents stay beside the new ones', {
    batchId,
    files: renamed.length,
  });
}
