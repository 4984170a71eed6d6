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
  /** Called after each request. It must not throw. `recordRequest` makes metrics of it. */
  onRequest?: (request: EndedRequest) => void;
}

/** A request that has ended. It holds no id and no secret. */
export interface EndedRequest {
  /** Such as `GET`. */
  method: string;
  /** Such as `/api/v2/batches/{id}`, or `presigned document`. */
  route: string;
  /** Of the response; `none` if there was no complete response, `aborted` if the caller gave up. */
  status: number | 'none' | 'aborted';
  /** Until the end of the response, in milliseconds. */
  durationMs: number;
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
  /** Extract jobs only: those of this file (`dfl-...`) or parse job (`pjb-...`). */
  fileInput?: string;
  /** Extract jobs only: those with this configuration. */
  configurationId?: string;
}

export interface CreateParseJobParams extends CallOptions {
  /** `file_id` of a file of a directory: the id of its content. */
  fileId: string;
  configurationId: string;
  /** Labels of the job, which its response and the list of jobs repeat. LlamaCloud can't search for them, and limits their size. */
  userMetadata?: Readonly<Record<string, string>>;
  /** Parses the file again, even if LlamaCloud has a result of it. Default: LlamaCloud decides. */
  disableCache?: boolean;
}

export interface CreateExtractJobParams extends CallOptions {
  /** A file of a directory (`dfl-...`), or a completed parse job (`pjb-...`). */
  fileInput: string;
  configurationId: string;
}

export interface ListConfigurationsParams extends PageParams {
  productTypes?: readonly string[];
  name?: string;
  /** Only the latest version of each name. Default: LlamaCloud lists older versions too. */
  latestOnly?: boolean;
}

export type UsageDimension = 'day' | 'project_id' | 'event_type' | 'tier';

export interface UsageParams extends CallOptions {
  organizationId: string;
  /** What to group by, at least one. */
  groupBy: readonly UsageDimension[];
  /** First day, in UTC: `2026-11-28`. */
  dayOnOrAfter?: string;
  /** Last day, in UTC. */
  dayOnOrBefore?: string;
  eventTypes?: readonly string[];
  /** Only the usage of this job. */
  jobId?: string;
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
