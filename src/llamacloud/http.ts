import ky, { type KyInstance } from 'ky';
import type { z } from 'zod';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { observeRequest } from './observe-request.js';
import type { LlamaCloudClientOptions } from './params.js';
import { parseJson, readErrorText, readText, toStatusError, validateBody } from './response.js';
import type { SecretSet } from './secret-set.js';
import { truncate } from './text.js';
import { TimedRequest } from './timed-request.js';
import type { PathId } from './validate.js';

export type QueryValue = string | number | readonly string[] | undefined;

interface HttpOptions {
  apiKey: string;
  baseUrl: string;
  /** Timeout of one request with its JSON body, in milliseconds. */
  timeoutMs: number;
  fetch?: typeof globalThis.fetch;
  /** Secrets to remove from errors. Presigned URLs in responses are added. */
  secrets: SecretSet;
  onRequest: LlamaCloudClientOptions['onRequest'];
}

interface HttpRequest<T extends z.ZodType> {
  method: 'get' | 'post';
  /** Segments of the path. Each is URL-encoded, so that an id can't reach another route. */
  path: readonly (string | PathId)[];
  query?: Record<string, QueryValue>;
  json?: unknown;
  schema: T;
  signal?: AbortSignal | undefined;
}

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

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#ky = ky.create({
      ...KY_OPTIONS,
      prefixUrl: options.baseUrl.replace(/\/+$/, ''),
      headers: { authorization: `Bearer ${options.apiKey}`, accept: 'application/json' },
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    });
  }

  async request<T extends z.ZodType>(request: HttpRequest<T>): Promise<z.infer<T>> {
    const { timeoutMs, secrets, onRequest } = this.#options;
    const redact = (text: string) => secrets.redact(text);
    const path = request.path.map((part) => encodeURIComponent(typeof part === 'string' ? part : part.id)).join('/');
    const route = request.path.map((part) => (typeof part === 'string' ? part : '{id}')).join('/');
    const info: RequestInfo = { method: request.method.toUpperCase(), path: truncate(redact(`/${path}`)) };
    const timed = new TimedRequest({ info, timeoutMs, timeoutScope: 'request', signal: request.signal, redact });
    const observed = observeRequest(onRequest, info.method, `/${route}`);
    let text: string;
    try {
      const response = await timed.headers((signal) =>
        this.#ky(path, {
          method: request.method,
          searchParams: toSearchParams(request.query ?? {}),
          signal,
          ...(request.json === undefined ? {} : { json: request.json }),
        }),
      );
      const body = timed.body(response);
      if (!response.ok) throw toStatusError(response, await readErrorText(body), info, redact);
      text = await readText(body, info);
      observed.end(response.status);
    } catch (error) {
      observed.fail(error, request.signal);
      throw error;
    }
    const json = parseJson(text, info, redact);
    secrets.addUrlsIn(json);
    return validateBody(request.schema, json, info, redact);
  }
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
