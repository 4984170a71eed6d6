import type { BatchJob, JobType } from '../protocol/index.js';

export interface LlamaCloudClientOptions {
  /** API key, `llx-...`. Belongs to one region. */
  apiKey: string;
  /** Default `https://api.cloud.llamaindex.ai`; the EU has `https://api.cloud.eu.llamaindex.ai`. */
  baseUrl?: string;
  /** Timeout of one request and its whole response, in milliseconds; in a download, of each chunk. Default 60,000. */
  timeoutMs?: number;
  /** In place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/** Options of every call: project and organization (default: the key's own), and an abort signal. */
export interface CallOptions {
  projectId?: string | undefined;
  organizationId?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** An inline webhook of a batch. */
export interface Webhook {
  url: string;
  /** Such as `batch.success`. Default: all. */
  events?: readonly string[];
  /** Headers sent with each delivery. */
  headers?: Record<string, string>;
  /** Deliveries are signed with it: header `LC-Signature`. */
  signingSecret?: string;
}

export interface CreateBatchParams extends CallOptions {
  /** Directory (`dir-...`) whose files are processed; at most 1,000. */
  sourceDirectoryId: string;
  job: BatchJob;
  webhooks?: readonly Webhook[];
}

/** A time, as a `Date` or in ISO 8601. */
export type Time = Date | string;

export interface ListParams extends CallOptions {
  /** Items a page. Default and maximum are LlamaCloud's. */
  pageSize?: number;
  /** `next_page_token` of the page before. */
  pageToken?: string;
  createdAtOnOrAfter?: Time;
  createdAtOnOrBefore?: Time;
  /** Only items of this status. */
  status?: string;
}

export interface ListBatchesParams extends ListParams {
  sourceDirectoryId?: string;
}

export interface ListJobsParams extends ListParams {
  type: JobType;
  /** Only these jobs. An empty list gives no jobs, and no request is sent. */
  jobIds?: readonly string[];
}

/** Job (`pjb-...`, `ext-...`) and the product it belongs to. */
export interface JobReference {
  id: string;
  type: JobType;
}

export interface ExpandOptions extends CallOptions {
  /** Fields to expand. Batches know `results`; parse jobs `markdown`, `text`, `items`, `usage`, `*_content_metadata` and more. */
  expand?: readonly string[];
}
