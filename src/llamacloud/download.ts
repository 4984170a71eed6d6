import ky from 'ky';
import { IncompleteDocumentError } from './errors/incomplete-document-error.js';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { UnexpectedResponseError } from './errors/unexpected-response-error.js';
import { KY_OPTIONS } from './http.js';
import { observeRequest } from './observe-request.js';
import type { LlamaCloudClientOptions } from './params.js';
import { toStatusError } from './response.js';
import type { SecretSet } from './secret-set.js';
import { TimedRequest } from './timed-request.js';
import { isHttpUrl } from './validate.js';

interface DownloadOptions {
  /** Timeout of the headers, and of each chunk of the body, in milliseconds. */
  timeoutMs: number;
  secrets: SecretSet;
  fetch?: typeof globalThis.fetch;
  signal?: AbortSignal | undefined;
  /** Size of the document in bytes, if LlamaCloud gives it. */
  sizeBytes?: number | undefined;
  onRequest?: LlamaCloudClientOptions['onRequest'];
}

const INFO: RequestInfo = { method: 'GET', path: 'presigned document' };

/**
 * Streams the document of a presigned URL. The request is sent when the first chunk is read. The iterable ends without an error only if the
 * document is complete. The signature in the URL authorizes the request, so the API key is not sent, and no message holds the URL.
 */
export async function* download(url: string, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const { secrets, signal } = options;
  secrets.addUrl(url);
  if (!isHttpUrl(url)) throw new UnexpectedResponseError('presigned_url', 'it is not an http or https URL', INFO);
  const observed = observeRequest(options.onRequest, INFO.method, INFO.path);
  let failure: unknown = ABANDONED;
  try {
    yield* request(url, options);
    failure = undefined;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    // Also if the reader of the document stops early.
    if (failure === undefined) observed.end(200);
    else if (failure === ABANDONED) observed.end('aborted');
    else observed.fail(failure, signal);
  }
}

const ABANDONED = Symbol('abandoned');

async function* request(
  url: string,
  { timeoutMs, secrets, fetch, signal, sizeBytes }: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const redact = (text: string) => secrets.redact(text);
  const timed = new TimedRequest({ info: INFO, timeoutMs, timeoutScope: 'per-chunk', signal, redact });
  const response = await timed.headers((signal) =>
    ky.get(url, { ...KY_OPTIONS, signal, ...(fetch === undefined ? {} : { fetch }) }),
  );
  const problem = findHeaderProblem(response, sizeBytes);
  if (!response.ok || problem !== undefined) {
    response.body?.cancel().catch(() => undefined);
    // The body is left out: the error page of a store may hold the signature.
    if (!response.ok) throw toStatusError(response, '', INFO, redact);
    throw new IncompleteDocumentError(problem ?? '', INFO);
  }
  const expected = findExpectedSize(response, sizeBytes);
  let received = 0;
  for await (const chunk of timed.body(response)) {
    received += chunk.byteLength;
    if (expected !== undefined && received > expected) throw toSizeError(received, expected);
    yield chunk;
  }
  if (expected !== undefined && received !== expected) throw toSizeError(received, expected);
  if (received === 0 && sizeBytes !== 0) throw new IncompleteDocumentError('it is empty', INFO);
}

function findHeaderProblem(response: Response, sizeBytes: number | undefined): string | undefined {
  // 206 is a part of the document, 204 none of it.
  if (response.status !== 200) return `the response has status ${response.status}`;
  const isPage = /^\s*text\/html\b/i.test(response.headers.get('content-type') ?? '');
  // No result is HTML, so this is a login or error page. If the size is known, the size decides.
  if (isPage && sizeBytes === undefined) return 'the response is an HTML page';
  const { contentLength, isEncoded } = readLength(response);
  const hasOtherSize = contentLength !== undefined && sizeBytes !== undefined && contentLength !== sizeBytes;
  return hasOtherSize && !isEncoded ? `${format(contentLength)} of ${format(sizeBytes)} bytes` : undefined;
}

/** Size of the decoded body in bytes. `undefined` if it can't be known. */
function findExpectedSize(response: Response, sizeBytes: number | undefined): number | undefined {
  const { contentLength, isEncoded } = readLength(response);
  if (!isEncoded) return sizeBytes ?? contentLength;
  // Content-Length counts encoded bytes. If LlamaCloud's size does too, the HTTP connection has checked it.
  return sizeBytes === contentLength ? undefined : sizeBytes;
}

function readLength({ headers }: Response): { contentLength: number | undefined; isEncoded: boolean } {
  const length = headers.get('content-length') ?? '';
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  return {
    contentLength: /^\d+$/.test(length) ? Number(length) : undefined,
    isEncoded: encoding !== '' && encoding !== 'identity',
  };
}

function toSizeError(received: number, expected: number): IncompleteDocumentError {
  return new IncompleteDocumentError(`${format(received)} of ${format(expected)} bytes`, INFO);
}

function format(bytes: number): string {
  return bytes.toLocaleString('en-US');
}
