import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { inspect } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { LlamaCloudClient, type LlamaCloudClientOptions } from '../../src/llamacloud/index.js';
import { type EmulatorOptions, type LlamaCloudEmulator, startLlamaCloudEmulator } from '../../src/testing/index.js';

/** Easy to search for in errors, where it must not be. */
export const KEY = 'llx-PLANTED-KEY-0123456789';

export const BATCH = {
  id: 'bat-1',
  project_id: 'prj-1',
  source_directory_id: 'dir-1',
  config: { job: { type: 'parse_v2', configuration_id: 'cfg-PARSE_AGENTIC' } },
  status: 'RUNNING',
};
export const PARSE_JOB = { id: 'pjb-1', project_id: 'prj-1', status: 'COMPLETED' };
export const EXTRACT_JOB = {
  id: 'ext-1',
  project_id: 'prj-1',
  file_input: 'dfl-1',
  status: 'COMPLETED',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};

interface ReceivedRequest {
  method: string;
  /** Path and query, still URL-encoded. */
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

type Respond = (response: ServerResponse, request: ReceivedRequest) => void;

/** Starts a server that responds as `respond` says and records its requests. It stops when the test ends. */
export async function serve(respond: Respond): Promise<{ url: string; seen: ReceivedRequest[] }> {
  const seen: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    readAll(request)
      .then((body) => {
        const { method = '', url = '', headers } = request;
        const received = { method, url, headers, body };
        seen.push(received);
        respond(response, received);
      })
      .catch(() => response.destroy());
  });
  const url = await listening(server);
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url, seen };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

export async function listening(server: NetServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (!isAddressInfo(address)) throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

export function respondWith(body: unknown, status = 200, headers: Record<string, string> = {}): Respond {
  return (response) => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** A client of a server that responds to every request in this way. */
export async function clientOf(respond: Respond, options: Partial<LlamaCloudClientOptions> = {}) {
  const { url, seen } = await serve(respond);
  return { client: new LlamaCloudClient({ apiKey: KEY, baseUrl: url, ...options }), seen, url };
}

/** A client of an emulator whose batches and jobs end at once. */
export async function clientOfEmulator(
  options: EmulatorOptions = {},
): Promise<{ client: LlamaCloudClient; emulator: LlamaCloudEmulator }> {
  const instant = { batchPendingMs: 0, batchRunningMs: 0, jobPendingMs: 0, jobRunningMs: 0 };
  const emulator = await startLlamaCloudEmulator({ ...instant, seed: 1, apiKey: KEY, ...options });
  onTestFinished(() => emulator.close());
  return { client: new LlamaCloudClient({ apiKey: KEY, baseUrl: emulator.url }), emulator };
}

/** Returns the error that a promise rejects with, which must be of this class. */
export async function rejection<T>(type: abstract new (...args: never[]) => T, promise: Promise<unknown>): Promise<T> {
  const error = await promise.then(
    () => new Error('it was fulfilled'),
    (error: unknown) => error,
  );
  if (error instanceof type) return error;
  throw new Error(`expected a ${type.name}, got ${inspect(error)}`);
}

/** Reads a stream to its end. */
export async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Expects that neither an error nor its causes hold any of the secrets. */
export function expectNoneIn(error: unknown, ...secrets: string[]): void {
  let text = inspect(error, { depth: 10, showHidden: true });
  for (let current = error; current instanceof Error; current = current.cause) {
    text += `\n${current.message}\n${current.stack}\n${JSON.stringify(current)}\n${Object.entries(current)}`;
  }
  for (const secret of secrets) expect(text).not.toContain(secret);
}
