import ky, { type KyInstance } from 'ky';
import type { z } from 'zod';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { encodeMultipart, type MultipartForm } from './multipart.js';
import type { Redact } from './redact.js';
import { parseJson, readErrorText, readText, toStatusError, validateBody } from './response.js';
import type { SecretSet } from './secret-set.js';
import { truncate } from './text.js';
import { TimedRequest } from './timed-request.js';
import { UploadBody } from './upload-body.js';

export type QueryValue = string | number | readonly string[] | undefined;

interface HttpOptions {
  apiKey: string;
  baseUrl: string;
  /** Timeout of one request with its JSON body, in milliseconds. */
  timeoutMs: number;
  fetch?: typeof globalThis.fetch;
  /** Secrets to remove from errors. Presigned URLs in responses are added. */
  secrets: SecretSet;
}

interface BaseRequest {
  method: 'get' | 'post' | 'delete';
  /** Segments of the path. Each is URL-encoded, so that an id can't reach another route. */
  path: readonly string[];
  query?: Record<string, QueryValue>;
  signal?: AbortSignal | undefined;
}

interface JsonRequest extends BaseRequest {
  json?: unknown;
}

interface UploadRequest extends BaseRequest {
  form: MultipartForm;
  content: ReadableStream<Uint8Array>;
}

/** A request whose response is JSON. */
type WithSchema<R extends BaseRequest, T extends z.ZodType> = R & { schema: T };

export const KY_OPTIONS = {
  retry: 0,
  // ky's timeout covers only the headers, and its errors hold the request with the Authorization header.
  timeout: false,
  throwHttpErrors: false,
} as const;

/** Sends requests to the LlamaCloud API. Never retries: Temporal is the only retry layer. */
export class Http {
  readonly #ky: KyInstance;
  readonly #options: HttpOptions;
  readonly #redact: Redact;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#redact = (text) => options.secrets.redact(text);
    this.#ky = ky.create({
      ...KY_OPTIONS,
      prefixUrl: toPrefix(options.baseUrl),
      headers: toHeaders(options.apiKey),
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    });
  }

  async request<T extends z.ZodType>(request: WithSchema<JsonRequest, T>): Promise<z.infer<T>> {
    const { info, body } = await this.#send(request);
    return this.#validate(request.schema, body, info);
  }

  /** Sends a request whose response has no body. One in JSON is ignored. Any other, such as the page of a proxy, is an error. */
  async requestNoContent(request: JsonRequest): Promise<void> {
    const { info, body } = await this.#send(request);
    if (body !== '') parseJson(body, info, this.#redact);
  }

  /**
   * Uploads a file. The timeout begins again with each chunk that the connection takes: a large file may take long.
   *
   * @throws UploadContentError if the content can't be read to its end, or has another size.
   */
  async upload<T extends z.ZodType>(request: WithSchema<UploadRequest, T>): Promise<z.infer<T>> {
    const { apiKey, baseUrl, timeoutMs, fetch = globalThis.fetch } = this.#options;
    const { sizeBytes } = request.form.file;
    const info = this.#toInfo(request);
    const timed = this.#toTimed(request, info, 'per-chunk');
    const frame = encodeMultipart(request.form);
    const upload = new UploadBody({
      frame,
      content: request.content,
      sizeBytes,
      info,
      redact: this.#redact,
      onProgress: () => timed.restartTimeout(),
    });
    const query = toSearchParams(request.query ?? {}).toString();
    const url = `${toPrefix(baseUrl)}/${toPath(request)}${query === '' ? '' : `?${query}`}`;
    try {
      const response = await timed.headers((signal) =>
        // Not with ky: it clones each request, and the clone would keep the whole file in memory.
        fetch(url, {
          method: request.method.toUpperCase(),
          headers: {
            ...toHeaders(apiKey),
            'content-type': frame.contentType,
            'content-length': String(frame.head.byteLength + sizeBytes + frame.tail.byteLength),
          },
          body: upload.stream,
          duplex: 'half',
          // Otherwise fetch keeps a copy of what it has sent, to send it again after a redirect: the whole file would be in memory.
          redirect: 'error',
          window: null,
          signal,
        }),
      );
      return this.#validate(request.schema, await this.#readBody(timed, response, info), info);
    } catch (error) {
      if (timed.hasTimedOut) upload.noteTimeout(timeoutMs);
      throw request.signal?.aborted ? error : (upload.problem ?? error);
    } finally {
      timed.stopSending();
      upload.close();
    }
  }

  /** Sends a request and reads the body of its response as text. */
  async #send(request: JsonRequest): Promise<{ info: RequestInfo; body: string }> {
    const info = this.#toInfo(request);
    const timed = this.#toTimed(request, info, 'request');
    const response = await timed.headers((signal) =>
      this.#ky(toPath(request), {
        method: request.method,
        searchParams: toSearchParams(request.query ?? {}),
        signal,
        ...(request.json === undefined ? {} : { json: request.json }),
      }),
    );
    return { info, body: await this.#readBody(timed, response, info) };
  }

  async #readBody(timed: TimedRequest, response: Response, info: RequestInfo): Promise<string> {
    const body = timed.body(response);
    if (!response.ok) throw toStatusError(response, await readErrorText(body), info, this.#redact);
    return readText(body, info);
  }

  #validate<T extends z.ZodType>(schema: T, body: string, info: RequestInfo): z.infer<T> {
    const json = parseJson(body, info, this.#redact);
    this.#options.secrets.addUrlsIn(json);
    return validateBody(schema, json, info, this.#redact);
  }

  #toInfo(request: BaseRequest): RequestInfo {
    return { method: request.method.toUpperCase(), path: truncate(this.#redact(`/${toPath(request)}`)) };
  }

  #toTimed({ signal }: BaseRequest, info: RequestInfo, timeoutScope: 'request' | 'per-chunk'): TimedRequest {
    const { timeoutMs } = this.#options;
    return new TimedRequest({ info, timeoutMs, timeoutScope, signal, redact: this.#redact });
  }
}

function toHeaders(apiKey: string): Record<string, string> {
  return { authorization: `Bearer ${apiKey}`, accept: 'application/json' };
}

function toPrefix(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, '');
}

function toPath({ path }: BaseRequest): string {
  return path.map((segment) => encodeURIComponent(segment)).join('/');
}

function toSearchParams(query: Record<string, QueryValue>): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    // An array repeats the name: expand=a&expand=b.
    for (const item of Array.isArray(value) ? value : [value]) params.append(name, String(item));
  }
  return params;
}
