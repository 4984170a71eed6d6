import type { BatchJob, JobType } from '../protocol/index.js';

export interface LlamaCloudClientOptions {
  /** API key (`llx-...`). It is valid in one region. */
  apiKey: string;
  /** Default `https://api.cloud.llamaindex.ai`. For the EU: `https://api.cloud.eu.llamaindex.ai`. */
  baseUrl?: string;
  /** Timeout of a request with its response, in milliseconds. In a download: of each chunk. Default 60,000. */
  timeoutMs?: number;
  /** Replaces the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/** Options of every call. The project and the organization default to those of the API key. */
export interface CallOptions {
  projectId?: string | undefined;
  organizationId?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** An inline webhook of a batch. */
export interface Webhook {
  url: string;
  /** Events to deliver, such as `batch.success`. Default: all. */
  events?: readonly string[];
  /** Headers sent with each delivery. */
  headers?: Record<string, string>;
  /** Secret that deliveries are signed with, in the header `LC-Signature`. */
  signingSecret?: string;
}

export interface CreateBatchParams extends CallOptions {
  /** Source directory (`dir-...`) with at most 1,000 files. */
  sourceDirectoryId: string;
  job: BatchJob;
  webhooks?: readonly Webhook[];
}

/** A `Date`, or a time in ISO 8601. */
export type Time = Date | string;

/** Options of every list. */
export interface PageParams extends CallOptions {
  /** Items per page. The default and the maximum are LlamaCloud's. */
  pageSize?: number;
  /** `next_page_token` of the previous page. */
  pageToken?: string;
}

export interface ListParams extends PageParams {
  createdAtOnOrAfter?: Time;
  createdAtOnOrBefore?: Time;
  /** Only items with this status. */
  status?: string;
}

export interface ListBatchesParams extends ListParams {
  sourceDirectoryId?: string;
}

export interface ListJobsParams extends ListParams {
  type: JobType;
  /** Only these jobs. With an empty list, no request is sent and the result is empty. */
  jobIds?: readonly string[];
}

/** Id of a job (`pjb-...`, `ext-...`) and its type. */
export interface JobReference {
  id: string;
  type: JobType;
}

export interface ExpandOptions extends CallOptions {
  /** Fields to expand. Of a batch: `results`. Of a parse job: `markdown`, `text`, `items`, `usage`, `*_content_metadata` and more. */
  expand?: readonly string[];
}

export interface CreateDirectoryParams extends CallOptions {
  name: string;
  description?: string;
  /** An `ephemeral` directory is for a batch: LlamaCloud removes it with its files at its `expires_at`. Default `user`. */
  type?: 'user' | 'ephemeral';
}

export interface ListDirectoriesParams extends PageParams {
  /** Only directories with this name. LlamaCloud does not say whether the whole name must match: compare it. */
  name?: string;
  type?: 'user' | 'index' | 'ephemeral';
}

export interface ListDirectoryFilesParams extends PageParams {
  uniqueId?: string;
  displayName?: string;
  /** Id of the stored content. */
  fileId?: string;
}

/** A file to upload: a `Blob`, such as one of `fs.openAsBlob`, or a stream of which the size is known. */
export type UploadContent = Blob | { stream: ReadableStream<Uint8Array>; sizeBytes: number };

/** Value of a user-defined property of a file. */
export type MetadataValue = string | number | boolean | null | readonly string[];

export interface UploadFileParams extends CallOptions {
  /** It is read as fast as the connection takes it, so that a file of any size needs little memory. */
  content: UploadContent;
  /** Name of the file with its extension, by which LlamaCloud knows the type. */
  fileName: string;
  /** What the file is called in the directory, such as its path. */
  uniqueId: string;
  /** Name that is shown. Default: LlamaCloud makes it of `fileName`. */
  displayName?: string;
  metadata?: Readonly<Record<string, MetadataValue>>;
}
