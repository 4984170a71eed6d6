import type { z } from 'zod';
import { HttpStatusError } from './errors/http-status-error.js';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { UnexpectedResponseError } from './errors/unexpected-response-error.js';
import type { Redact } from './redact.js';
import { toOneLine, toText, truncate } from './text.js';

/** A result page of 1,000 rows is below 1 MiB. A large inline document has tens of MiB. */
const MAX_BODY_BYTES = 128 * 1024 * 1024;

/** Only the first lines of an error page are used. */
const MAX_ERROR_BODY_BYTES = 1024 * 1024;

/** Reads a body as text. @throws UnexpectedResponseError if it is larger than 128 MiB. The rest is not read. */
export async function readText(chunks: AsyncIterable<Uint8Array>, info: RequestInfo): Promise<string> {
  const { text, isComplete } = await readStart(chunks, MAX_BODY_BYTES);
  if (isComplete) return text;
  throw new UnexpectedResponseError('(body)', `it is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB`, info);
}

/** Reads the start of the body of an error. Its length does not matter: the status counts. */
export async function readErrorText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return (await readStart(chunks, MAX_ERROR_BODY_BYTES)).text;
}

async function readStart(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ text: string; isComplete: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    // To leave the loop releases the connection.
    if (bytes > maxBytes) return { text, isComplete: false };
    text += decoder.decode(chunk, { stream: true });
  }
  return { text: text + decoder.decode(), isComplete: true };
}

/** @throws UnexpectedResponseError if the body is not JSON. */
export function parseJson(body: string, info: RequestInfo, redact: Redact): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    const start = truncate(redact(body).trimStart().slice(0, 40));
    const problem = body === '' ? 'it is empty' : `it is not JSON (it starts with ${JSON.stringify(start)})`;
    // The message of the cause quotes the body.
    const name = error instanceof Error ? error.name : 'not JSON';
    throw new UnexpectedResponseError('(body)', problem, info, { cause: new SyntaxError(name) });
  }
}

/** Validates a body. @throws UnexpectedResponseError with the path in the body. */
export function validateBody<T extends z.ZodType>(
  schema: T,
  json: unknown,
  info: RequestInfo,
  redact: Redact,
): z.infer<T> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const described = parsed.error.issues.slice(0, 3).map(({ path, message }) => ({
    path: truncate(redact(formatPath(path))),
    message: truncate(redact(message)),
  }));
  const { path, message } = described[0] ?? { path: '(body)', message: 'it does not match' };
  const cause = new TypeError(described.map((issue) => `${issue.path}: ${issue.message}`).join('; '));
  throw new UnexpectedResponseError(path, message, info, { cause });
}

/** `results[3].job_reference.id` */
function formatPath(path: readonly PropertyKey[]): string {
  const joined = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return joined === '' ? '(body)' : joined.replace(/^\./, '');
}

export function toStatusError(response: Response, body: string, info: RequestInfo, redact: Redact): HttpStatusError {
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'));
  // Redact first: white space that is replaced, or a cut, could leave part of a secret, which is no longer recognized.
  const detail = truncate(toOneLine(redact(toOneLine(redact(readDetail(body, redact))))));
  return new HttpStatusError({ status: response.status, detail, retryAfterMs }, info);
}

/** Reads FastAPI's `{ detail: "..." }` and `{ detail: [{ loc, msg }] }`, or else the start of the body as text. */
function readDetail(body: string, redact: Redact): string {
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === 'object' && json !== null && 'detail' in json) {
      const { detail } = json;
      if (typeof detail === 'string') return detail;
      if (Array.isArray(detail)) return detail.slice(0, 20).map(describeProblem).join('; ');
    }
  } catch {
    // Not JSON, such as the error page of a proxy.
  }
  // The start is enough, and bounds the time of the replacements.
  const page = redact(body)
    .slice(0, 8_000)
    .replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/gi, ' ');
  return page.replace(/<[^>]*>/g, ' ');
}

function describeProblem(problem: unknown): string {
  if (typeof problem !== 'object' || problem === null) return toText(problem);
  const loc = 'loc' in problem && Array.isArray(problem.loc) ? problem.loc.map(toText).join('.') : '';
  const msg = 'msg' in problem ? toText(problem.msg) : 'invalid';
  return loc === '' ? msg : `${loc}: ${msg}`;
}

/** Parses seconds or an HTTP date. `Date.parse` alone accepts almost any text with a number. */
function parseRetryAfter(header: string | null): number | undefined {
  const text = header?.trim() ?? '';
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const at = text.endsWith('GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at - Date.now();
}
