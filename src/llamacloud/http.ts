import ky, { type KyInstance } from 'ky';
import type { z } from 'zod';
import { parseBody, statusError } from './answer.js';
import { isHttpUrl } from './checks.js';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { UnexpectedResponseError } from './errors/unexpected-response-error.js';
import { Exchange } from './exchange.js';
import { redactor, secretsOfUrl } from './secrets.js';

export type QueryValue = string | number | readonly string[] | undefined;

export interface HttpOptions {
  apiKey: string;
  baseUrl: string;
  /** Time for one request and its whole JSON body, in milliseconds. */
  timeoutMs: number;
  fetch?: typeof globalThis.fetch;
}

interface HttpRequest<T extends z.ZodType> {
  method: 'get' | 'post';
  /** Segments of the path: each is URL-encoded, so that no id can reach another route. */
  path: readonly string[];
  query?: Record<string, QueryValue>;
  json?: unknown;
  /** What no error may repeat, beside the key. */
  secrets?: readonly string[] | undefined;
  schema: T;
  signal?: AbortSignal | undefined;
}

const KY_OPTIONS = {
  retry: 0,
  // ky's own timeout ends when the headers are there, and its errors hold the request with its Authorization header.
  timeout: false,
  throwHttpErrors: false,
} as const;

/** One request at a time to the LlamaCloud API. It never retries: Temporal is the only retry layer. */
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
    const { apiKey, timeoutMs } = this.#options;
    const path = request.path.map((segment) => encodeURIComponent(segment)).join('/');
    const info: RequestInfo = { method: request.method.toUpperCase(), path: `/${path}` };
    const redact = redactor([apiKey, ...(request.secrets ?? [])]);
    const exchange = new Exchange({ info, timeoutMs, timeoutOf: 'whole', signal: request.signal, redact });
    const response = await exchange.headers((signal) =>
      this.#ky(path, {
        method: request.method,
        searchParams: searchParams(request.query ?? {}),
        signal,
        ...(request.json === undefined ? {} : { json: request.json }),
      }),
    );
    const body = await textOf(exchange.body(response));
    if (!response.ok) throw statusError(response, body, info, redact);
    return parseBody(request.schema, body, info, redact);
  }
}

/**
 * Streams a presigned URL. Its signature is its authorization: the API key is not sent, and the URL is in no message.
 * `timeoutMs` is the longest wait for the answer's headers, and for each further piece of the body.
 */
export async function download(
  url: string,
  options: { timeoutMs: number; fetch?: typeof globalThis.fetch; signal?: AbortSignal | undefined },
): Promise<AsyncIterable<Uint8Array>> {
  const { timeoutMs, fetch, signal } = options;
  const info: RequestInfo = { method: 'GET', path: 'presigned document' };
  if (!isHttpUrl(url)) throw new UnexpectedResponseError('presigned_url', 'it is not an http or https URL', info);
  const redact = redactor(secretsOfUrl(url));
  const exchange = new Exchange({ info, timeoutMs, timeoutOf: 'step', signal, redact });
  const response = await exchange.headers((signal) =>
    ky.get(url, { ...KY_OPTIONS, signal, ...(fetch === undefined ? {} : { fetch }) }),
  );
  if (response.ok) return exchange.body(response);
  response.body?.cancel().catch(() => undefined);
  // Not its body: a store's error page may hold the signature, and what it says of it.
  throw statusError(response, '', info, redact);
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

function searchParams(query: Record<string, QueryValue>): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    // Arrays repeat: expand=a&expand=b.
    for (const each of Array.isArray(value) ? value : [value]) params.append(name, String(each));
  }
  return params;
}
