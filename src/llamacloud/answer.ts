import type { z } from 'zod';
import { HttpStatusError } from './errors/http-status-error.js';
import type { RequestInfo } from './errors/llamacloud-error.js';
import { UnexpectedResponseError } from './errors/unexpected-response-error.js';
import type { Redact } from './secrets.js';

/** Reads a body against its schema. @throws UnexpectedResponseError with the path in it. */
export function parseBody<T extends z.ZodType>(schema: T, body: string, info: RequestInfo, redact: Redact): z.infer<T> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    const start = redact(body).trimStart().slice(0, 40);
    const problem = body === '' ? 'it is empty' : `it is not JSON (it starts with ${JSON.stringify(start)})`;
    // The cause's message quotes the body, which may be anything; the start of it is enough.
    throw new UnexpectedResponseError('(body)', problem, info, { cause: new SyntaxError(nameOf(error)) });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = issueOf(parsed.error);
  // Zod's error lists every issue of a body that may have thousands: the first few will do for a cause.
  const few = parsed.error.issues.slice(0, 3).map((issue) => `${pathOf(issue.path)}: ${issue.message}`);
  throw new UnexpectedResponseError(path, message, info, { cause: new TypeError(few.join('; ')) });
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'not JSON';
}

function issueOf({ issues }: z.ZodError): { path: string; message: string } {
  const keys: PropertyKey[] = [];
  let issue: z.core.$ZodIssue | undefined = issues[0];
  let message = issue?.message ?? 'it does not fit';
  while (issue !== undefined) {
    keys.push(...issue.path);
    message = issue.message;
    // Of the shapes that are allowed, the one that it comes closest to says what is wrong.
    const shapes: z.core.$ZodIssue[][] = issue.code === 'invalid_union' ? issue.errors : [];
    issue = shapes.toSorted((a, b) => a.length - b.length)[0]?.[0];
  }
  return { path: pathOf(keys), message };
}

/** `results[3].job_reference.id` */
function pathOf(path: readonly PropertyKey[]): string {
  const joined = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return joined === '' ? '(body)' : joined.replace(/^\./, '');
}

export function statusError(response: Response, body: string, info: RequestInfo, redact: Redact): HttpStatusError {
  const retryAfterMs = retryAfter(response.headers.get('retry-after'));
  return new HttpStatusError({ status: response.status, detail: detailOf(redact(body)), retryAfterMs }, info);
}

/** FastAPI's two shapes, `{ detail: "..." }` and `{ detail: [{ loc, msg }] }`, in one line; else the start of the body. */
function detailOf(body: string): string {
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === 'object' && json !== null && 'detail' in json) {
      const { detail } = json;
      if (typeof detail === 'string') return oneLine(detail);
      if (Array.isArray(detail)) return oneLine(detail.map(problemOf).join('; '));
    }
  } catch {
    // Not JSON: a proxy's page, say.
  }
  // Its start is enough, and keeps the search for tags short.
  const page = body.slice(0, 8_000).replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/gi, ' ');
  return oneLine(page.replace(/<[^>]*>/g, ' '));
}

function problemOf(problem: unknown): string {
  if (typeof problem !== 'object' || problem === null) return String(problem);
  const loc = 'loc' in problem && Array.isArray(problem.loc) ? problem.loc.join('.') : '';
  const msg = 'msg' in problem ? String(problem.msg) : 'invalid';
  return loc === '' ? msg : `${loc}: ${msg}`;
}

function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** Seconds, or an HTTP date. `Date.parse` alone finds a year in nearly anything that holds a number. */
function retryAfter(header: string | null): number | undefined {
  const text = header?.trim() ?? '';
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const at = text.endsWith('GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at - Date.now();
}
