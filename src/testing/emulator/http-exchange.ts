import { createReadStream } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { HttpError } from './http-error.js';
import type { Form } from './uploads.js';

/** A request as the routes see it. */
export interface EmulatorRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body, if it is a form. Then `body` is empty. */
  readonly form: Form | null;
}

/** The response of a route. The body is bytes, or a file that is streamed. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | { readonly path: string; readonly size: number };
}

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** The response to a request that deleted something. */
export function noContent(): Reply {
  return { status: 204, headers: {}, body: Buffer.alloc(0) };
}

export function errorReply(error: HttpError): Reply {
  return json({ detail: error.detail }, error.status, error.headers);
}

// Far above any valid request; a limit, so that a wrong client can't fill the memory.
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_BODY_BYTES) throw new HttpError(413, 'the request body is too large', { connection: 'close' });
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function replySize(body: Reply['body']): number {
  return Buffer.isBuffer(body) ? body.length : body.size;
}

export function firstHalf(body: Reply['body']): Reply['body'] {
  const half = Math.floor(replySize(body) / 2);
  return Buffer.isBuffer(body) ? body.subarray(0, half) : { path: body.path, size: half };
}

export async function sendReply(response: ServerResponse, reply: Reply): Promise<void> {
  // A 204 has no length, by HTTP.
  const length = reply.status === 204 ? {} : { 'content-length': replySize(reply.body) };
  response.writeHead(reply.status, { ...reply.headers, ...length });
  // `end` writes the head and the body at once, which is faster.
  if (!Buffer.isBuffer(reply.body)) await writeBody(response, reply.body);
  response.end(Buffer.isBuffer(reply.body) ? reply.body : undefined);
}

/** Sends half the body under the Content-Length of the whole, and closes the connection. */
export async function sendTruncated(response: ServerResponse, reply: Reply): Promise<void> {
  response.writeHead(reply.status, { ...reply.headers, 'content-length': replySize(reply.body) });
  await writeBody(response, firstHalf(reply.body));
  // Not a reset: that would discard bytes which the client has not read yet.
  response.socket?.destroy();
}

/** Sends half the body without a length: it ends where the connection ends, as in HTTP/1.0. */
export async function sendTruncatedCloseDelimited(response: ServerResponse, reply: Reply): Promise<void> {
  response.useChunkedEncodingByDefault = false;
  response.writeHead(reply.status, { ...reply.headers, connection: 'close' });
  await writeBody(response, firstHalf(reply.body));
  response.end();
}

async function writeBody(response: ServerResponse, body: Reply['body']): Promise<void> {
  if (replySize(body) === 0) return;
  if (!Buffer.isBuffer(body)) {
    return await pipeline(createReadStream(body.path, { end: body.size - 1 }), response, { end: false });
  }
  await new Promise<void>((resolve) => response.write(body, () => resolve()));
}
