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

export interface ListParams extends CallOptions {
  /** Items per page. The default and the maximum are LlamaCloud's. */
  pageSize?: number;
  /** `next_page_token` of the previous page. */
  pageToken?: string;
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
