import { createHash } from 'node:crypto';
import type { Batch, BatchResult } from '../../llamacloud/index.js';
import { cleanText, isValidId, JOB_TYPES, type JobType, type ManifestLine } from '../../protocol/index.js';
import type { DirectoryFiles } from './file-names.js';

/** One file of the batch: a `job` to be collected, an `error` that ends it, or the line of what was `finished` before. */
export interface ResultRow {
  /** Source directory file (`dfl-...`): the correlation key. */
  fileId: string;
  /** Display name in the directory, where known. */
  name: string | null;
  job: { id: string; type: JobType } | null;
  error: string | null;
  /** Of a file whose document is in the output store already. */
  finished: ManifestLine | null;
}

/**
 * The rows of a batch's results, and one for each file that was in the directory when the batch was created and has none.
 *
 * @returns `undefined` while there are no results.
 */
export function toCompleteRows(
  { results, created_at: batchCreatedAt }: Pick<Batch, 'results' | 'created_at'>,
  { files, isWhole }: DirectoryFiles,
): ResultRow[] | undefined {
  if (results == null) return undefined;
  const names = new Map(files.map(({ id, name }) => [id, name]));
  const rows = toRows(results, names);
  if (!isWhole) return rows;
  const listed = new Set(rows.map(({ fileId }) => fileId));
  const missing = files.filter(({ id, createdAt }) => !listed.has(id) && isBefore(createdAt, batchCreatedAt));
  // Jobs that do not say which file they are of are those of the missing files.
  const unnamed = results.filter((result) => result.source_directory_file_id === undefined);
  const unnamedJobs = new Set(unnamed.map((result) => result.job_reference?.id).filter((id) => id !== undefined));
  if (missing.length <= unnamedJobs.size) return rows;
  return [...rows, ...missing.map(({ id, name }) => toRow(id, name, {}))];
}

/** Both times are LlamaCloud's. A file that was added later is in another batch. */
function isBefore(fileCreatedAt: string | null, batchCreatedAt: string | null | undefined): boolean {
  return Date.parse(fileCreatedAt ?? '') <= Date.parse(batchCreatedAt ?? '');
}

/** One row a file: repeated rows collapse, and one that names no file is named by its job. */
function toRows(results: readonly BatchResult[], names: ReadonlyMap<string, string>): ResultRow[] {
  const byFile = new Map<string, BatchResult>();
  for (const result of results) {
    const remoteId = result.source_directory_file_id ?? result.job_reference?.id;
    if (remoteId === undefined) continue;
    const fileId = boundedFileId(remoteId);
    const known = byFile.get(fileId);
    if (known === undefined || isPreferred(result, known)) byFile.set(fileId, result);
  }
  return [...byFile].map(([fileId, result]) => toRow(fileId, names.get(fileId), result));
}

/**
 * Of two rows of one file, one with a job wins over one with an error, and that over one with neither. Of two jobs it is the
 * same one each time, in whatever order they come: two runs write the document to the same place.
 */
function isPreferred(result: BatchResult, known: BatchResult): boolean {
  const difference = rowPriority(result) - rowPriority(known);
  return difference === 0 ? (result.job_reference?.id ?? '') < (known.job_reference?.id ?? '') : difference > 0;
}

function rowPriority(result: BatchResult): number {
  if (result.job_reference != null) return 2;
  return result.error_message == null ? 0 : 1;
}

function toRow(fileId: string, name: string | undefined, result: BatchResult): ResultRow {
  const { job_reference: job, error_message: error } = result;
  const row = {
    fileId,
    name: cleanText(name ?? '') || null,
    job: null,
    error: null,
    finished: null,
  };
  if (job == null) return { ...row, error: error == null ? null : cleanText(error || 'LlamaCloud gave no reason') };
  const type = JOB_TYPES.find((each) => each === job.type);
  if (type === undefined) return { ...row, error: cleanText(`job ${job.id} is of the unknown type ${job.type}`) };
  return { ...row, job: { id: job.id, type } };
}

/** Does LlamaCloud say neither which job the file has nor why it has none? */
export function isUnmapped({ job, error }: ResultRow): boolean {
  return job === null && error === null;
}

/**
 * The file id becomes part of workflow ids and paths, and is never sent to LlamaCloud: one that does not fit there is
 * replaced, by the same each time.
 */
export function boundedFileId(fileId: string): string {
  if (isValidId(fileId)) return fileId;
  // Of UTF-16, since in UTF-8 all lone surrogates are the same.
  const hash = createHash('sha256').update(fileId, 'utf16le').digest('hex').slice(0, 16);
  const start = fileId.slice(0, 60).replace(/[^\x21-\x7e]/g, '_');
  return `${start}~${hash}`;
}
