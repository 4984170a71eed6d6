import type { StoredDocument } from './documents/store.js';

export type JobType = 'parse_v2' | 'extract_v2';

/** Where the bytes of a file come from: a path on disk, or memory. */
export type FileSource = { readonly path: string } | { readonly content: Uint8Array };

export interface DirectoryFile {
  readonly id: string;
  /** Path inside the directory, with forward slashes. */
  readonly name: string;
  /** Position in the directory, which is also the order in which files are listed. */
  readonly seq: number;
  readonly source: FileSource;
}

export interface Directory {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly createdAtMs: number;
  readonly files: readonly DirectoryFile[];
}

/** One file of a batch: mapped to a job at its time, or not mappable. */
export interface BatchRow {
  readonly fileId: string;
  readonly mappedAtMs: number;
  readonly job: Job | null;
  readonly mappingError: string | null;
}

/** A status that a test has set, and since when. */
export interface ForcedStatus {
  readonly status: string;
  readonly atMs: number;
  readonly errorMessage?: string;
}

export interface Batch {
  readonly seq: number;
  readonly id: string;
  readonly projectId: string;
  readonly organizationId: string | null;
  readonly directoryId: string;
  readonly jobType: JobType;
  readonly configurationId: string;
  readonly createdAtMs: number;
  rows: readonly BatchRow[];
  /** `stopsJobs`: whether the jobs end with the batch. */
  cancel: { readonly requestedAtMs: number; readonly doneAtMs: number; readonly stopsJobs: boolean } | null;
  /** When a test ended the batch ahead of its clock. */
  finishedAtMs: number | null;
  forced: ForcedStatus | null;
  /** A test's way to change what `expand=results` answers. */
  editResults: ResultsEdit | null;
}

/** A row of `results` as the API sends it. */
export interface ResultRow {
  readonly source_directory_file_id: string;
  readonly job_reference: { readonly type: string; readonly id: string } | null;
  readonly error_message: string | null;
}

/** Takes the rows as they would be answered (null while there are none) and gives what is answered in their place. */
export type ResultsEdit = (rows: readonly ResultRow[] | null) => unknown;

/** How the parsing of a job's document ended. */
export type ParseOutcome = { readonly document: StoredDocument } | { readonly error: string };

export interface Job {
  readonly seq: number;
  readonly id: string;
  readonly type: JobType;
  readonly batch: Batch;
  readonly file: DirectoryFile;
  readonly mappedAtMs: number;
  /** RUNNING for at least this long. */
  readonly runningMs: number;
  outcome: ParseOutcome | null;
  outcomeAtMs: number;
  cancelledAtMs: number | null;
  /** When a test ended the job ahead of its clock. */
  finishedAtMs: number | null;
  forced: ForcedStatus | null;
  /** The type that results tell in place of the job's own. */
  referenceType: string | null;
  /** What `usage.credits` tells in place of what the job cost. */
  forcedCredits: { readonly value: unknown } | null;
}
