import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { lostReply, replaceReply, replyWithoutEffect } from './fault-replies.js';
import type { Fault, Faults } from './faults.js';
import { HttpError } from './http-error.js';
import {
  type EmulatorRequest,
  errorReply,
  json,
  type Reply,
  readBody,
  sendReply,
  sendTruncated,
  sendTruncatedCloseDelimited,
} from './http-exchange.js';
import type { RequestLog } from './request-log.js';
import { isForm, type Uploads } from './uploads.js';

const REQUESTS_PATH = '/__emulator/requests';

/** The HTTP server: records each request, applies the faults, and sends the responses of the routes. */
export class EmulatorServer {
  readonly #server: Server;
  readonly #closing = new AbortController();
  url = '';

  constructor(
    private readonly handle: (request: EmulatorRequest) => Promise<Reply>,
    private readonly faults: Faults,
    private readonly log: RequestLog,
    private readonly uploads: Uploads,
  ) {
    // Each delayed request listens to it, and Node warns about more than ten listeners.
    setMaxListeners(0, this.#closing.signal);
    // Longer than any client keeps an idle connection: otherwise tests would see resets that they did not plan.
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

  /** Stops listening and closes every connection, even those that wait for a response. */
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
      const form = isForm(request) ? await this.uploads.receive(request) : null;
      const body = form === null ? await readBody(request) : '';
      if (form === null) record.setBody(body);
      else record.setForm(form);
      const { headers } = request;
      const emulatorRequest = { method, path: url.pathname, query: url.searchParams, headers, body, form };
      await this.#respond(emulatorRequest, response, (status) => {
        record.status = status;
      });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      record.status = error.status;
      await sendReply(response, errorReply(error));
    }
  }

  async #respond(
    request: EmulatorRequest,
    response: ServerResponse,
    setStatus: (status: number) => void,
  ): Promise<void> {
    const fault = this.faults.take(request.method, request.path);
    if (fault?.kind === 'delay') await setTimeout(fault.delayMs, undefined, { signal: this.#closing.signal });
    const reply = await (fault === null ? this.#handleOrError(request) : this.#replyUnder(fault, request));
    if (reply === null) return reset(response);
    // The client closed the connection while it waited.
    if (response.destroyed) return;
    setStatus(reply.status);
    if (fault?.kind === 'truncated') await sendTruncated(response, reply);
    else if (fault?.kind === 'truncated-close-delimited') await sendTruncatedCloseDelimited(response, reply);
    else await sendReply(response, reply);
  }

  /** The response under a fault; null when the connection is to be reset. */
  async #replyUnder(fault: Fault, request: EmulatorRequest): Promise<Reply | null> {
    if (fault.kind === 'reset-before') return null;
    if (fault.kind === 'late-effect') {
      // Closing the emulator aborts the wait.
      this.#takeEffectLater(fault.effectAfterMs, request).catch(() => undefined);
      return lostReply(fault.response ?? 'reset');
    }
    const withoutEffect = replyWithoutEffect(fault, request);
    if (withoutEffect !== null) return withoutEffect;
    const reply = await this.#handleOrError(request);
    if (fault.kind === 'reset-after') return null;
    if (fault.kind === 'duplicated') {
      await this.#handleOrError(request);
      return fault.response === undefined ? reply : lostReply(fault.response);
    }
    return replaceReply(fault, reply);
  }

  async #takeEffectLater(afterMs: number, request: EmulatorRequest): Promise<void> {
    await setTimeout(afterMs, undefined, { signal: this.#closing.signal });
    await this.handle(request);
  }

  async #handleOrError(request: EmulatorRequest): Promise<Reply> {
    try {
      return await this.handle(request);
    } catch (error) {
      if (error instanceof HttpError) return errorReply(error);
      return errorReply(new HttpError(500, `the emulator failed: ${error instanceof Error ? error.stack : error}`));
    }
  }
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
