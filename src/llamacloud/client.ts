import { type Batch, createBatchSchemas, type ListedBatch } from './batch-schemas.js';
import { type DirectoryFile, directoryFilesSchema } from './directory-schemas.js';
import { download } from './download.js';
import { Http, type QueryValue } from './http.js';
import { createJobSchemas, type ExtractJob, type ParseJob, type ParseResult } from './job-schemas.js';
import { paginate } from './pagination.js';
import type {
  CallOptions,
  CreateBatchParams,
  ExpandOptions,
  JobReference,
  ListBatchesParams,
  ListJobsParams,
  ListParams,
  LlamaCloudClientOptions,
  Time,
} from './params.js';
import type { Page } from './schema-fields.js';
import { MIN_KEY_LENGTH, SecretSet } from './secret-set.js';
import { checkId, checkPathSegment, findApiKeyProblem, findBaseUrlProblem } from './validate.js';

export const DEFAULT_BASE_URL = 'https://api.cloud.llamaindex.ai';
const DEFAULT_REQUEST_TIMEOUT_MS = 60_000;

/** Node fires a longer timer immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A job of either type with its expanded fields. `job` has its id, status, error and usage. */
export type JobResult = ({ type: 'parse_v2' } & ParseResult) | { type: 'extract_v2'; job: ExtractJob };

/** A job of either type, as in a list. */
export type JobSummary = { id: string } & (({ type: 'parse_v2' } & ParseJob) | ({ type: 'extract_v2' } & ExtractJob));

const ROUTES = { parse_v2: 'parse', extract_v2: 'extract' } as const;

/**
 * HTTP client for LlamaCloud's batches, and for the parse and extract jobs of batches. Knows nothing of Temporal and never retries.
 *
 * Responses have the keys that LlamaCloud documents, in snake case. New keys and statuses pass through. An optional field with an invalid
 * value is dropped.
 *
 * Every call throws {@link HttpStatusError} for a status of 400 or more, {@link ConnectionError} if there is no complete response, and
 * {@link UnexpectedResponseError} with the path in the body if the body is invalid. If the caller aborts, the reason of the signal is
 * thrown. An invalid id throws a `TypeError`, and nothing is sent.
 *
 * The API key, the secrets of webhooks and the queries of presigned URLs are removed from errors and from every `error_message`.
 */
export class LlamaCloudClient {
  readonly #http: Http;
  readonly #secrets: SecretSet;
  readonly #batchSchemas: ReturnType<typeof createBatchSchemas>;
  readonly #jobSchemas: ReturnType<typeof createJobSchemas>;
  readonly #download: Pick<LlamaCloudClientOptions, 'fetch' | 'onRequest'> & { timeoutMs: number; secrets: SecretSet };

  /** @throws TypeError if the key or the URL is invalid, RangeError if the timeout is. */
  constructor(options: LlamaCloudClientOptions) {
    const { apiKey, baseUrl = DEFAULT_BASE_URL, timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS } = options;
    const keyProblem = findApiKeyProblem(apiKey);
    if (keyProblem !== undefined) throw new TypeError(`apiKey ${keyProblem}`);
    const urlProblem = findBaseUrlProblem(baseUrl);
    if (urlProblem !== undefined) throw new TypeError(`baseUrl ${urlProblem}`);
    if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMER_MS)) {
      throw new RangeError(`timeoutMs must be more than 0 and at most ${MAX_TIMER_MS}, but is ${timeoutMs}`);
    }
    const { onRequest } = options;
    const fetch = options.fetch === undefined ? {} : { fetch: options.fetch };
    const secrets = new SecretSet(apiKey.trim());
    const redact = (text: string) => secrets.redact(text);
    this.#secrets = secrets;
    this.#batchSchemas = createBatchSchemas(redact);
    this.#jobSchemas = createJobSchemas(redact);
    this.#http = new Http({ apiKey: apiKey.trim(), baseUrl: baseUrl.trim(), timeoutMs, secrets, onRequest, ...fetch });
    this.#download = { timeoutMs, secrets, ...fetch, ...(onRequest === undefined ? {} : { onRequest }) };
  }

  /**
   * Creates a batch over a source directory: `POST /api/v2/batches`. The API has no idempotency key: a call whose response is lost may
   * have created a batch.
   */
  async createBatch(params: CreateBatchParams): Promise<Batch> {
    for (const { url, signingSecret = '', headers = {} } of params.webhooks ?? []) {
      this.#secrets.addUrl(url);
      this.#secrets.add([signingSecret], MIN_KEY_LENGTH);
      this.#secrets.add(Object.values(headers));
    }
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
      query: toScopeQuery(params),
      json: {
        source_directory_id: checkId('sourceDirectoryId', params.sourceDirectoryId),
        config: {
          job: { type: params.job.type, configuration_id: checkId('configurationId', params.job.configurationId) },
        },
        ...(webhooks === undefined ? {} : { webhook_configurations: webhooks }),
      },
      schema: this.#batchSchemas.created,
      signal: params.signal,
    });
  }

  /** Gets a batch: `GET /api/v2/batches/{id}`. `expand: ['results']` adds the result of each file. */
  async getBatch(id: string, options: ExpandOptions = {}): Promise<Batch> {
    return this.#http.request({
      method: 'get',
      path: ['api', 'v2', 'batches', checkPathSegment(id)],
      query: { ...toScopeQuery(options), expand: options.expand },
      schema: this.#batchSchemas.batch,
      signal: options.signal,
    });
  }

  /** Lists one page of batches, newest first: `GET /api/v2/batches`. */
  async listBatches(params: ListBatchesParams = {}): Promise<Page<ListedBatch>> {
    return this.#http.request({
      method: 'get',
      path: ['api', 'v2', 'batches'],
      query: { ...toListQuery(params), source_directory_id: checkId('sourceDirectoryId', params.sourceDirectoryId) },
      schema: this.#batchSchemas.page,
      signal: params.signal,
    });
  }

  /** Lists the batches of all pages. A page is requested when its first item is read. */
  iterateBatches(params: ListBatchesParams = {}): AsyncGenerator<ListedBatch> {
    return paginate('/api/v2/batches', params.pageToken, (pageToken) => this.listBatches({ ...params, ...pageToken }));
  }

  /**
   * Requests the cancellation of a batch: `POST /api/v2/batches/{id}/cancel`. The batch becomes CANCELLED later. Files that had finished
   * keep their results. For a batch that has ended, throws `HttpStatusError`.
   */
  async cancelBatch(id: string, options: CallOptions = {}): Promise<Batch> {
    return this.#http.request({
      method: 'post',
      path: ['api', 'v2', 'batches', checkPathSegment(id), 'cancel'],
      query: toScopeQuery(options),
      schema: this.#batchSchemas.batch,
      signal: options.signal,
    });
  }

  /** Gets a job with its expanded fields: `GET /api/v2/parse/{id}` or `GET /api/v2/extract/{id}`. */
  async getJob(reference: JobReference, options: ExpandOptions = {}): Promise<JobResult> {
    const request = {
      method: 'get',
      path: ['api', 'v2', ROUTES[reference.type], checkPathSegment(reference.id)],
      query: { ...toScopeQuery(options), expand: options.expand },
      signal: options.signal,
    } as const;
    if (reference.type === 'extract_v2') {
      return { type: 'extract_v2', job: await this.#http.request({ ...request, schema: this.#jobSchemas.extractJob }) };
    }
    // Last, so that a new key of the response can't replace it.
    return { ...(await this.#http.request({ ...request, schema: this.#jobSchemas.parseResult })), type: 'parse_v2' };
  }

  /** Lists one page of jobs: `GET /api/v2/parse` or `GET /api/v2/extract`. */
  async listJobs(params: ListJobsParams): Promise<Page<JobSummary>> {
    const { type, jobIds } = params;
    // A query without ids lists all jobs.
    if (jobIds?.length === 0) return { items: [] };
    const request = {
      method: 'get',
      path: ['api', 'v2', ROUTES[type]],
      query: { ...toListQuery(params), job_ids: jobIds?.map((id) => checkId('jobIds', id)) },
      signal: params.signal,
    } as const;
    if (type === 'extract_v2') {
      const page = await this.#http.request({ ...request, schema: this.#jobSchemas.extractJobs });
      return { ...page, items: page.items.map((job) => ({ ...job, type })) };
    }
    const page = await this.#http.request({ ...request, schema: this.#jobSchemas.parseJobs });
    return { ...page, items: page.items.map((job) => ({ ...job, type })) };
  }

  /** Lists the jobs of all pages. A page is requested when its first item is read. */
  iterateJobs(params: ListJobsParams): AsyncGenerator<JobSummary> {
    return paginate(`/api/v2/${ROUTES[params.type]}`, params.pageToken, (pageToken) =>
      this.listJobs({ ...params, ...pageToken }),
    );
  }

  /** Requests the cancellation of a job: `POST /api/v2/parse/{id}/cancel` or `POST /api/v2/extract/{id}/cancel`. */
  async cancelJob(reference: JobReference, options: CallOptions = {}): Promise<JobSummary> {
    const { type } = reference;
    const request = {
      method: 'post',
      path: ['api', 'v2', ROUTES[type], checkPathSegment(reference.id), 'cancel'],
      query: toScopeQuery(options),
      signal: options.signal,
    } as const;
    if (type === 'extract_v2') {
      const job = await this.#http.request({ ...request, schema: this.#jobSchemas.cancelledExtractJob });
      return { ...job, id: job.id ?? reference.id, type };
    }
    const job = await this.#http.request({ ...request, schema: this.#jobSchemas.cancelledParseJob });
    return { ...job, id: job.id ?? reference.id, type };
  }

  /** Lists one page of the files of a directory: `GET /api/v1/beta/directories/{id}/files`. */
  async listDirectoryFiles(
    id: string,
    params: CallOptions & { pageSize?: number; pageToken?: string } = {},
  ): Promise<Page<DirectoryFile>> {
    return this.#http.request({
      method: 'get',
      path: ['api', 'v1', 'beta', 'directories', checkPathSegment(id), 'files'],
      query: { ...toScopeQuery(params), page_size: params.pageSize, page_token: toPageToken(params) },
      schema: directoryFilesSchema,
      signal: params.signal,
    });
  }

  /**
   * Streams a document from its presigned URL, without the API key. The request is sent when the first chunk is read.
   *
   * @param options.sizeBytes Expected size in bytes. Default: not checked.
   * @throws IncompleteDocumentError, from the iterable, if the document is not complete.
   */
  download(
    presignedUrl: string,
    options: { signal?: AbortSignal | undefined; sizeBytes?: number | undefined } = {},
  ): AsyncIterable<Uint8Array> {
    return download(presignedUrl, { ...this.#download, ...options });
  }
}

function toScopeQuery(options: CallOptions): Record<string, QueryValue> {
  return {
    project_id: checkId('projectId', options.projectId),
    organization_id: checkId('organizationId', options.organizationId),
  };
}

function toListQuery(params: ListParams): Record<string, QueryValue> {
  return {
    ...toScopeQuery(params),
    page_size: params.pageSize,
    page_token: toPageToken(params),
    status: params.status,
    created_at_on_or_after: toTimestamp(params.createdAtOnOrAfter),
    created_at_on_or_before: toTimestamp(params.createdAtOnOrBefore),
  };
}

/** The last page of a list may have an empty token. */
function toPageToken({ pageToken }: { pageToken?: string }): string | undefined {
  return pageToken === '' ? undefined : pageToken;
}

function toTimestamp(time: Time | undefined): string | undefined {
  return time instanceof Date ? time.toISOString() : time;
}
