import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Fault, Faults } from './faults.js';
import { HttpError } from './http-error.js';
import { errorReply, type Incoming, json, type Reply, readBody, sendReply, sendTruncated } from './http-exchange.js';
import type { RequestLog } from './request-log.js';

const REQUESTS_PATH = '/__emulator/requests';

/** The HTTP side: records each request, applies the faults, sends what the routes answer. */
export class EmulatorServer {
  readonly #server: Server;
  readonly #closing = new AbortController();
  url = '';

  constructor(
    private readonly answer: (request: Incoming) => Promise<Reply>,
    private readonly faults: Faults,
    private readonly log: RequestLog,
  ) {
    // Longer than any client keeps an idle connection, so that the resets a test sees are those it asked for.
    this.#server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => resolve());
    });
    const address = this.#server.address();
    this.url = isAddressInfo(address) ? `http://${urlHost(host)}:${address.port}` : '';
  }

  /** Ends the connections that are open, whatever they wait for. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://emulator');
    const method = request.method ?? 'GET';
    if (url.pathname === REQUESTS_PATH && method === 'GET') {
      return await sendReply(response, json(this.log.summary()));
    }
    const record = this.log.add(method, url);
    try {
      const body = await readBody(request);
      record.setBody(body);
      const incoming = { method, path: url.pathname, query: url.searchParams, headers: request.headers, body };
      await this.#respond(incoming, response, (status) => {
        record.status = status;
      });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      record.status = error.status;
      await sendReply(response, errorReply(error));
    }
  }

  async #respond(request: Incoming, response: ServerResponse, setStatus: (status: number) => void): Promise<void> {
    const fault = this.faults.take(request.method, request.path);
    if (fault?.kind === 'reset-before') return reset(response);
    if (fault?.kind === 'delay') await setTimeout(fault.delayMs, undefined, { signal: this.#closing.signal });

    const instead = fault === null ? null : replyWithoutEffect(fault);
    const reply = instead ?? replaceReply(fault, await this.#answerOrError(request));
    if (fault?.kind === 'reset-after') return reset(response);
    // A client that gave up while it waited got no answer.
    if (response.destroyed) return;
    setStatus(reply.status);
    await (fault?.kind === 'truncated' ? sendTruncated(response, reply) : sendReply(response, reply));
  }

  async #answerOrError(request: Incoming): Promise<Reply> {
    try {
      return await this.answer(request);
    } catch (error) {
      if (error instanceof HttpError) return errorReply(error);
      return errorReply(new HttpError(500, `the emulator failed: ${error instanceof Error ? error.stack : error}`));
    }
  }
}

function replyWithoutEffect(fault: Fault): Reply | null {
  if (fault.kind === 'html') {
    const page = '<!doctype html><title>Service</title><p>One moment, please.</p>';
    return { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(page) };
  }
  if (fault.kind !== 'status') return null;
  const headers: Record<string, string> = { ...fault.headers };
  if (fault.retryAfter !== undefined) {
    const { retryAfter } = fault;
    headers['retry-after'] = typeof retryAfter === 'number' ? String(retryAfter) : retryAfter.toUTCString();
  }
  return json({ detail: fault.detail ?? `fault: status ${fault.status}` }, fault.status, headers);
}

function replaceReply(fault: Fault | null, reply: Reply): Reply {
  if (fault?.kind === 'error-after') return json({ detail: 'Bad Gateway' }, 502);
  if (fault?.kind === 'wrong-json') return json({ unexpected: ['another', 'shape'] }, reply.status);
  return reply;
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
