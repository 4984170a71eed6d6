import ky, { type KyInstance } from 'ky';
import type { z } from 'zod';
import { ConnectionError } from './errors/connection-error.js';
import { HttpStatusError } from './errors/http-status-error.js';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { UnexpectedResponseError } from './errors/unexpected-response-error.js';

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
  schema: T;
  signal?: AbortSignal | undefined;
}

/** One request at a time to the LlamaCloud API. It never retries: Temporal is the only retry layer. */
export class Http {
  readonly #ky: KyInstance;
  readonly #timeoutMs: number;

  constructor(options: HttpOptions) {
    this.#timeoutMs = options.timeoutMs;
    this.#ky = ky.create({
      prefixUrl: options.baseUrl,
      headers: { authorization: `Bearer ${options.apiKey}`, accept: 'application/json' },
      retry: 0,
      // ky's own timeout ends when the headers are there; ours covers the body as well.
      timeout: false,
      // ky's HTTPError holds the request with its Authorization header, and would take it into logs.
      throwHttpErrors: false,
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    });
  }

  async request<T extends z.ZodType>(request: HttpRequest<T>): Promise<z.infer<T>> {
    const path = request.path.map((segment) => encodeURIComponent(segment)).join('/');
    const info: RequestInfo = { method: request.method.toUpperCase(), path: `/${path}` };
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const { response, body } = await connected(info, timeout, this.#timeoutMs, request.signal, async (signal) => {
      const response = await this.#ky(path, {
        method: request.method,
        searchParams: searchParams(request.query ?? {}),
        signal,
        ...(request.json === undefined ? {} : { json: request.json }),
      });
      return { response, body: await response.text() };
    });
    if (!response.ok) throw statusError(response, body, info);
    return parse(request.schema, body, info);
  }
}

/**
 * Streams a presigned URL. Its signature is its authorization: the API key is not sent, and the URL is in no message.
 * `timeoutMs` is the longest wait for the answer's headers; the body may take as long as the signal lets it.
 */
export async function download(
  url: string,
  options: { timeoutMs: number; fetch?: typeof globalThis.fetch; signal?: AbortSignal | undefined },
): Promise<AsyncIterable<Uint8Array>> {
  const info: RequestInfo = { method: 'GET', path: 'presigned document' };
  // fetch would put a URL that it can't read into its message, signature and all.
  if (!URL.canParse(url)) throw new UnexpectedResponseError('presigned_url', 'it is not a URL', info);
  const response = await connected(info, undefined, options.timeoutMs, options.signal, (signal) =>
    ky.get(url, {
      retry: 0,
      timeout: options.timeoutMs,
      throwHttpErrors: false,
      signal,
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    }),
  );
  if (!response.ok) throw statusError(response, '', info);
  return body(response, info, options.signal);
}

async function* body(response: Response, info: RequestInfo, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  try {
    for await (const chunk of response.body) yield chunk;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ConnectionError('The document broke off', info, { cause: error, timedOut: false });
  }
}

async function connected<T>(
  info: RequestInfo,
  timeout: AbortSignal | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signals = [timeout, signal].filter((each) => each !== undefined);
  try {
    return await send(AbortSignal.any(signals));
  } catch (error) {
    // The caller's own abort is the caller's business: it is not a failure of the service.
    if (signal?.aborted) throw error;
    const timedOut = timeout?.aborted === true || (error instanceof Error && error.name === 'TimeoutError');
    const message = timedOut
      ? `LlamaCloud did not answer within ${timeoutMs / 1_000} s`
      : `No answer from LlamaCloud: ${reason(error)}`;
    // ky's TimeoutError holds the whole request, key included; what it says is in our message.
    throw new ConnectionError(message, info, { cause: timedOut ? undefined : error, timedOut });
  }
}

/** `fetch failed` says nothing: its cause has the code. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? `${String(cause.code)} ${cause.message}`.trim() : cause.message;
  return error.message;
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

function parse<T extends z.ZodType>(schema: T, body: string, info: RequestInfo): z.infer<T> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    const start = body.trimStart().slice(0, 40);
    const problem = body === '' ? 'it is empty' : `it is not JSON (it starts with ${JSON.stringify(start)})`;
    // The cause's message quotes the body, which may be anything; the start of it is enough.
    throw new UnexpectedResponseError('(body)', problem, info, { cause: new SyntaxError(nameOf(error)) });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UnexpectedResponseError(pathOf(issue?.path ?? []), issue?.message ?? 'it does not fit', info, {
    cause: parsed.error,
  });
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'not JSON';
}

/** `results[3].job_reference.id` */
function pathOf(path: readonly PropertyKey[]): string {
  const joined = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return joined === '' ? '(body)' : joined.replace(/^\./, '');
}

function statusError(response: Response, body: string, info: RequestInfo): HttpStatusError {
  return new HttpStatusError(
    { status: response.status, detail: detailOf(body), retryAfterMs: retryAfter(response.headers.get('retry-after')) },
    info,
  );
}

/** FastAPI's two shapes, `{ detail: "..." }` and `{ detail: [{ loc, msg }] }`, in one line; else the start of the body. */
function detailOf(body: string): string {
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === 'object' && json !== null && 'detail' in json) {
      const { detail } = json;
      if (typeof detail === 'string') return clip(detail);
      if (Array.isArray(detail)) return clip(detail.map(problemOf).join('; '));
    }
  } catch {
    // Not JSON: a proxy's page, say.
  }
  return clip(
    body
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}

function problemOf(problem: unknown): string {
  if (typeof problem !== 'object' || problem === null) return String(problem);
  const loc = 'loc' in problem && Array.isArray(problem.loc) ? problem.loc.join('.') : '';
  const msg = 'msg' in problem ? String(problem.msg) : 'invalid';
  return loc === '' ? msg : `${loc}: ${msg}`;
}

function clip(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** Seconds, or an HTTP date. */
function retryAfter(header: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (!Number.isNaN(seconds)) return seconds * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : at - Date.now();
}
