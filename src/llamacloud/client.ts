import type { BatchJob, JobType } from '../protocol/index.js';
import { download, Http, type QueryValue } from './http.js';
import {
  type Batch,
  batchSchema,
  type DirectoryFile,
  directoryFileSchema,
  type ExtractJob,
  extractJobSchema,
  type Page,
  type ParseJob,
  type ParseResult,
  pageSchema,
  parseJobSchema,
  parseResultSchema,
} from './schemas.js';

export const DEFAULT_BASE_URL = 'https://api.cloud.llamaindex.ai';
export const DEFAULT_REQUEST_TIMEOUT_MS = 60_000;

export interface LlamaCloudClientOptions {
  /** API key, `llx-...`. Belongs to one region. */
  apiKey: string;
  /** Default `https://api.cloud.llamaindex.ai`; the EU has `https://api.cloud.eu.llamaindex.ai`. */
  baseUrl?: string;
  /** Time for one request and its whole answer, in milliseconds. Default 60,000. */
  timeoutMs?: number;
  /** In place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/** What every call takes: the project and organization (default: the key's own), and a way to abort it. */
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

interface ListParams extends CallOptions {
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
  /** Only these jobs. */
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

/** A job of either type, with what was expanded: `job` has its id, status, error and usage. */
export type JobResult = ({ type: 'parse_v2' } & ParseResult) | { type: 'extract_v2'; job: ExtractJob };

/** A job of either type, as the lists show it. */
export type JobSummary = ({ type: 'parse_v2' } & ParseJob) | ({ type: 'extract_v2' } & ExtractJob);

const ROUTES = { parse_v2: 'parse', extract_v2: 'extract' } as const;

/**
 * The LlamaCloud Batches API and the jobs that batches make, over HTTP. It knows nothing of Temporal and never retries.
 *
 * Answers are as LlamaCloud documents them, keys in snake case; keys and statuses that are new pass through. Every call
 * throws {@link HttpStatusError} for a status of 400 or more, {@link ConnectionError} where no whole answer came, and
 * {@link UnexpectedResponseError} for a body that does not fit, with the path in it.
 */
export class LlamaCloudClient {
  readonly #http: Http;
  readonly #download: { timeoutMs: number; fetch?: typeof globalThis.fetch };

  constructor(options: LlamaCloudClientOptions) {
    if (options.apiKey.trim() === '') throw new TypeError('apiKey is empty: LlamaCloud keys start with llx-');
    const timeoutMs = options.timeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    const fetch = options.fetch === undefined ? {} : { fetch: options.fetch };
    this.#http = new Http({
      apiKey: options.apiKey.trim(),
      baseUrl: options.baseUrl ?? DEFAULT_BASE_URL,
      timeoutMs,
      ...fetch,
    });
    this.#download = { timeoutMs, ...fetch };
  }

  /**
   * Creates a batch over a source directory: `POST /api/v2/batches`. It has no idempotency key, so a call whose answer
   * is lost may have created one.
   */
  createBatch(params: CreateBatchParams): Promise<Batch> {
    const webhooks = params.webhooks?.map((webhook) => ({
      webhook_url: webhook.url,
      webhook_events: webhook.events,
      webhook_headers: webhook.headers,
      webhook_signing_secret: webhook.signingSecret,
      webhook_output_format: 'json',
    }));
    return this.#http.request({
      method: 'post',
      path: ['api', 'v2', 'batches'],
      query: scopeOf(params),
      json: {
        source_directory_id: params.sourceDirectoryId,
        config: { job: { type: params.job.type, configuration_id: params.job.configurationId } },
        ...(webhooks === undefined ? {} : { webhook_configurations: webhooks }),
      },
      schema: batchSchema,
      signal: params.signal,
    });
  }

  /** Gets a batch; `expand: ['results']` adds its per-file results: `GET /api/v2/batches/{id}`. */
  getBatch(id: string, options: ExpandOptions = {}): Promise<Batch> {
    return this.#http.request({
      method: 'get',
      path: ['api', 'v2', 'batches', checked(id)],
      query: { ...scopeOf(options), expand: options.expand },
      schema: batchSchema,
      signal: options.signal,
    });
  }

  /** Lists one page of batches, newest first: `GET /api/v2/batches`. */
  listBatches(params: ListBatchesParams = {}): Promise<Page<Batch>> {
    return this.#http.request({
      method: 'get',
      path: ['api', 'v2', 'batches'],
      query: { ...listQuery(params), source_directory_id: params.sourceDirectoryId },
      schema: pageSchema(batchSchema),
      signal: params.signal,
    });
  }

  /** Lists the batches of all pages, one request a page as they are needed. */
  iterateBatches(params: ListBatchesParams = {}): AsyncGenerator<Batch> {
    return pages(params.pageToken, (pageToken) => this.listBatches({ ...params, ...pageToken }));
  }

  /**
   * Asks for a batch to be cancelled: `POST /api/v2/batches/{id}/cancel`. Answers at once; the batch reaches CANCELLED
   * later. Files that had finished keep their results. A terminal batch can't be cancelled: `HttpStatusError`.
   */
  cancelBatch(id: string, options: CallOptions = {}): Promise<Batch> {
    return this.#http.request({
      method: 'post',
      path: ['api', 'v2', 'batches', checked(id), 'cancel'],
      query: scopeOf(options),
      schema: batchSchema,
      signal: options.signal,
    });
  }

  /** Gets a job with what is expanded: `GET /api/v2/parse/{id}` or `GET /api/v2/extract/{id}`. */
  async getJob(reference: JobReference, options: ExpandOptions = {}): Promise<JobResult> {
    const request = {
      method: 'get',
      path: ['api', 'v2', ROUTES[reference.type], checked(reference.id)],
      query: { ...scopeOf(options), expand: options.expand },
      signal: options.signal,
    } as const;
    if (reference.type === 'extract_v2') {
      return { type: 'extract_v2', job: await this.#http.request({ ...request, schema: extractJobSchema }) };
    }
    return { type: 'parse_v2', ...(await this.#http.request({ ...request, schema: parseResultSchema })) };
  }

  /** Lists one page of jobs: `GET /api/v2/parse` or `GET /api/v2/extract`. */
  async listJobs(params: ListJobsParams): Promise<Page<JobSummary>> {
    const { type } = params;
    const request = {
      method: 'get',
      path: ['api', 'v2', ROUTES[type]],
      query: { ...listQuery(params), job_ids: params.jobIds },
      signal: params.signal,
    } as const;
    if (type === 'extract_v2') {
      const page = await this.#http.request({ ...request, schema: pageSchema(extractJobSchema) });
      return { ...page, items: page.items.map((job) => ({ ...job, type })) };
    }
    const page = await this.#http.request({ ...request, schema: pageSchema(parseJobSchema) });
    return { ...page, items: page.items.map((job) => ({ ...job, type })) };
  }

  /** Lists the jobs of all pages, one request a page as they are needed. */
  iterateJobs(params: ListJobsParams): AsyncGenerator<JobSummary> {
    return pages(params.pageToken, (pageToken) => this.listJobs({ ...params, ...pageToken }));
  }

  /** Asks for a job to be cancelled: `POST /api/v2/parse/{id}/cancel` or `POST /api/v2/extract/{id}/cancel`. */
  async cancelJob(reference: JobReference, options: CallOptions = {}): Promise<JobSummary> {
    const { type } = reference;
    const request = {
      method: 'post',
      path: ['api', 'v2', ROUTES[type], checked(reference.id), 'cancel'],
      query: scopeOf(options),
      signal: options.signal,
    } as const;
    if (type === 'extract_v2') return { ...(await this.#http.request({ ...request, schema: extractJobSchema })), type };
    return { ...(await this.#http.request({ ...request, schema: parseJobSchema })), type };
  }

  /** Lists one page of a directory's files, for their names: `GET /api/v1/beta/directories/{id}/files`. */
  listDirectoryFiles(
    id: string,
    params: CallOptions & { pageSize?: number; pageToken?: string } = {},
  ): Promise<Page<DirectoryFile>> {
    return this.#http.request({
      method: 'get',
      path: ['api', 'v1', 'beta', 'directories', checked(id), 'files'],
      query: { ...scopeOf(params), page_size: params.pageSize, page_token: params.pageToken },
      schema: pageSchema(directoryFileSchema),
      signal: params.signal,
    });
  }

  /** Lists a directory's files, all pages. */
  iterateDirectoryFiles(id: string, params: CallOptions & { pageSize?: number } = {}): AsyncGenerator<DirectoryFile> {
    return pages(undefined, (pageToken) => this.listDirectoryFiles(id, { ...params, ...pageToken }));
  }

  /** Streams a document from its presigned URL, without the API key. */
  download(presignedUrl: string, options: { signal?: AbortSignal } = {}): Promise<AsyncIterable<Uint8Array>> {
    return download(presignedUrl, { ...this.#download, ...options });
  }
}

/** Segments `.` and `..` survive URL-encoding, and would reach another route; so would an empty one. */
function checked(id: string): string {
  if (id === '' || id === '.' || id === '..') throw new TypeError(`${JSON.stringify(id)} is not an id`);
  return id;
}

function scopeOf(options: CallOptions): Record<string, QueryValue> {
  return { project_id: options.projectId, organization_id: options.organizationId };
}

function listQuery(params: ListParams): Record<string, QueryValue> {
  return {
    ...scopeOf(params),
    page_size: params.pageSize,
    page_token: params.pageToken,
    status: params.status,
    created_at_on_or_after: timeOf(params.createdAtOnOrAfter),
    created_at_on_or_before: timeOf(params.createdAtOnOrBefore),
  };
}

function timeOf(time: Time | undefined): string | undefined {
  return time instanceof Date ? time.toISOString() : time;
}

async function* pages<T>(
  first: string | undefined,
  get: (token: { pageToken?: string }) => Promise<Page<T>>,
): AsyncGenerator<T> {
  let token = first;
  do {
    const page = await get(token === undefined ? {} : { pageToken: token });
    yield* page.items;
    const next = page.next_page_token ?? undefined;
    // A list that hands out the token that it was given would never end.
    if (next === token) return;
    token = next;
  } while (token !== undefined && token !== '');
}
