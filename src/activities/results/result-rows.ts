import type { Batch, BatchResult, JobReference } from '../../llamacloud/index.js';
import { cleanText, JOB_TYPES, type ManifestLine, type PreviousJob } from '../../protocol/index.js';
import { ListedFiles } from '../manifest/manifest-parts.js';
import type { DirectoryFiles } from './directory-files.js';
import { toPlainFileId } from './file-id.js';

/** A file of the batch: with a `job`, with an `error` in place of one, or with neither as yet. */
export interface FileRow {
  /** Source directory file (`dfl-...`): the correlation key. Of a job that names no file, the id of the job. */
  fileId: string;
  /** Display name in the directory; `null` if it is not known. */
  name: string | null;
  job: JobReference | null;
  error: string | null;
}

/** A {@link FileRow} as the workflow gets it. */
export interface ResultRow extends FileRow {
  /** With `onlyMissing`: line of the batch's manifest, if the file's document is in the output store already. */
  storedLine: ManifestLine | null;
  /** Of a file of `processCorpus`: its path in the source. */
  path?: string;
  /** Jobs that FAILED before `job`, which is then not that of the batch. Missing if there are none. */
  previousJobs?: PreviousJob[];
}

/**
 * Turns the results of a batch into one row for each file, and adds a row for each file without a result, except for those that were
 * added to the directory after the batch was created, and those that stand in the run's manifest already.
 *
 * @param listed What is in the run's manifest.
 * @returns `undefined` while there are no results.
 */
export function toCompleteRows(
  { results, created_at: batchCreatedAt }: Pick<Batch, 'results' | 'created_at'>,
  { files, isComplete }: Pick<DirectoryFiles, 'files' | 'isComplete'>,
  listed: ListedFiles = new ListedFiles(),
): FileRow[] | undefined {
  if (results == null) return undefined;
  const resultByFile = groupByFile(results);
  const names = new Map(files.map(({ id, name }) => [id, name]));
  const rows = [...resultByFile].map(([fileId, result]) => toRow(fileId, names.get(fileId), result));
  if (!isComplete) return rows;
  const missing = files
    .filter(({ id, createdAtMs }) => !resultByFile.has(id) && !isAfter(createdAtMs, batchCreatedAt))
    .filter(({ id }) => !listed.has(id, undefined))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const notMissed = countStandIns(resultByFile, listed);
  return [...rows, ...missing.slice(notMissed).map(({ id, name }) => toRow(id, name, {}))];
}

/**
 * Counts the jobs that stand for a missing file: those whose results name no file. Which file each has is not known, but the number of files
 * is right. A file that is named without a job may have one of these jobs, so for each such file one job less is counted: rather is a file listed
 * twice than not at all.
 */
function countStandIns(resultByFile: ReadonlyMap<string, BatchResult>, listed: ListedFiles): number {
  const open = [...resultByFile].filter(([fileId, { job_reference: job }]) => !listed.has(fileId, job?.id));
  const unnamed = open.filter(([, result]) => result.source_directory_file_id === undefined);
  const withoutJob = open.filter(([, result]) => result.job_reference == null);
  return Math.max(0, unnamed.length - withoutJob.length);
}

/** Counts the jobs that no result assigns to a file, and the results that name neither a file nor a job, which can't be listed. */
export function countUnidentified(results: readonly BatchResult[]): { withJob: number; withoutJob: number } {
  const isUnnamed = (result: BatchResult) => result.source_directory_file_id === undefined;
  const withJob = [...groupByFile(results).values()].filter(isUnnamed).length;
  const withoutJob = results.filter((result) => isUnnamed(result) && result.job_reference == null).length;
  return { withJob, withoutJob };
}

/** Both times are LlamaCloud's. False where one is not known: a file of the batch must not be left out. */
function isAfter(fileCreatedAtMs: number | null, batchCreatedAt: string | null | undefined): boolean {
  return fileCreatedAtMs !== null && fileCreatedAtMs > Date.parse(batchCreatedAt ?? '');
}

/** One result for each file id. A job that no result assigns to a file stands for its file. */
function groupByFile(results: readonly BatchResult[]): Map<string, BatchResult> {
  const byFile = new Map<string, BatchResult>();
  const assignedJobs = new Set(
    results.flatMap((result) =>
      result.source_directory_file_id === undefined ? [] : (result.job_reference?.id ?? []),
    ),
  );
  for (const result of results) {
    const { source_directory_file_id: remoteId, job_reference: job } = result;
    if (remoteId === undefined && (job == null || assignedJobs.has(job.id))) continue;
    const fileId = toPlainFileId(remoteId ?? job?.id ?? '');
    const other = byFile.get(fileId);
    if (other === undefined || isPreferred(result, other)) byFile.set(fileId, result);
  }
  return byFile;
}

/**
 * Of two results of one file, a job is preferred to an error, and an error to neither. Of two jobs the same one is always chosen,
 * whatever their order, since two runs write the document to the same key.
 */
function isPreferred(result: BatchResult, other: BatchResult): boolean {
  const difference = rowPriority(result) - rowPriority(other);
  return difference === 0 ? (result.job_reference?.id ?? '') < (other.job_reference?.id ?? '') : difference > 0;
}

function rowPriority(result: BatchResult): number {
  if (result.job_reference != null) return 2;
  return result.error_message == null ? 0 : 1;
}

function toRow(fileId: string, name: string | null | undefined, result: BatchResult): FileRow {
  const { job_reference: job, error_message: error } = result;
  const row = { fileId, name: cleanText(name ?? '') || null, job: null, error: null };
  if (job == null) return { ...row, error: error == null ? null : cleanText(error || 'LlamaCloud gave no reason') };
  const type = JOB_TYPES.find((supported) => supported === job.type);
  if (type === undefined) return { ...row, error: cleanText(`job ${job.id} is of the unknown type ${job.type}`) };
  return { ...row, job: { id: job.id, type } };
}

/** LlamaCloud has given the file neither a job nor an error. */
export function isUnmapped({ job, error }: FileRow): boolean {
  return job === null && error === null;
}
