import type { StoredDocument } from './documents/store.js';

export type JobType = 'parse_v2' | 'extract_v2';

/** The content of a file: a path on disk, or bytes in memory. */
export type FileSource = { readonly path: string } | { readonly content: Uint8Array };

export interface DirectoryFile {
  readonly id: string;
  /** Display name. Of a file of `addDirectory`: its path inside the directory, with forward slashes. */
  readonly name: string;
  readonly uniqueId: string;
  /** Id of the stored content; null for a file of `addDirectory`. */
  readonly fileId: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Position in the directory, which is also the order in which files are listed. */
  readonly seq: number;
  readonly source: FileSource;
  readonly createdAtMs: number;
  deletedAtMs: number | null;
}

export type DirectoryType = 'user' | 'ephemeral';

export interface Directory {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly type: DirectoryType;
  readonly projectId: string;
  readonly createdAtMs: number;
  /** When an ephemeral directory is removed. */
  readonly expiresAtMs: number | null;
  deletedAtMs: number | null;
  /** With the deleted files. */
  readonly files: DirectoryFile[];
}

/** One file of a batch, which is mapped to a job at `mappedAtMs`, or can't be mapped. */
export interface BatchRow {
  readonly fileId: string;
  readonly mappedAtMs: number;
  readonly job: Job | null;
  readonly mappingError: string | null;
}

/** A status that a test set, and when (ms of the epoch). */
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
  /** `stopsJobs`: whether the jobs are cancelled with the batch. */
  cancel: { readonly requestedAtMs: number; readonly doneAtMs: number; readonly stopsJobs: boolean } | null;
  /** When a test completed the batch early. */
  finishedAtMs: number | null;
  forced: ForcedStatus | null;
  /** Set by a test to replace `results`. */
  editResults: ResultsEdit | null;
}

/** A row of `results` as the API sends it. */
export interface EmulatedResultRow {
  readonly source_directory_file_id: string;
  readonly job_reference: { readonly type: string; readonly id: string } | null;
  readonly error_message: string | null;
}

/** Gets the rows that would be sent (null while there are none), and returns what is sent as `results`. */
export type ResultsEdit = (rows: readonly EmulatedResultRow[] | null) => unknown;

/** The parsed document of a job, or why it could not be parsed. */
export type ParseOutcome = { readonly document: StoredDocument } | { readonly error: string };

export interface Job {
  readonly seq: number;
  readonly id: string;
  readonly type: JobType;
  readonly batch: Batch;
  readonly file: DirectoryFile;
  readonly mappedAtMs: number;
  /** The shortest time that the job is RUNNING. */
  readonly runningMs: number;
  outcome: ParseOutcome | null;
  outcomeAtMs: number;
  cancelledAtMs: number | null;
  /** When a test ended the configured duration of the job early. */
  finishedAtMs: number | null;
  forced: ForcedStatus | null;
  /** The type in `results`, if a test set another than the real one. */
  referenceType: string | null;
  /** `usage.credits`, if a test set it. */
  forcedCredits: { readonly value: unknown } | null;
}
