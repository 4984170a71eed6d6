import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Operation =
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'ListObjects'
  | 'other';

export type Fault =
  /** Responds without asking the server. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
    }
  /** Cuts the connection before the request is whole. */
  | { readonly kind: 'cut-request' }
  /** Never responds. The server does not see the request. */
  | { readonly kind: 'silence' }
  /** The server has the effect, and the connection is cut before the response. */
  | { readonly kind: 'lost-response' }
  /** Cuts the response after so many bytes of its body, or goes silent there. */
  | { readonly kind: 'cut-response' | 'silent-response'; readonly afterBytes: number }
  /** Asks the server only when the promise is fulfilled. */
  | { readonly kind: 'wait'; readonly until: Promise<unknown> }
  | { readonly kind: 'rewrite'; readonly rewrite: (body: string) => string };

/**
 * An HTTP proxy in front of an S3 server, with faults. It forwards writes of objects one after the other: moto takes several steps for one,
 * and checks its condition before, where S3 takes one step.
 */
export interface S3Proxy {
  readonly url: string;
  /** The operations so far, in the order of their requests, with their paths. */
  readonly requests: {
    readonly operation: Operation;
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
  }[];
  operations(): Operation[];
  /** The next request of this operation that has no fault yet meets this one. */
  next(operation: Operation, fault: Fault): void;
  /** Each request of this operation meets this fault. */
  always(operation: Operation, fault: Fault): void;
}

/** Starts a proxy that ends with the test. */
export async function startS3Proxy(target: string): Promise<S3Proxy> {
  const requests: S3Proxy['requests'] = [];
  const planned: { operation: Operation; fault: Fault; isKept: boolean }[] = [];
  const take = (operation: Operation): Fault | undefined => {
    const index = planned.findIndex((one) => one.operation === operation);
    const plan = planned[index];
    if (plan !== undefined && !plan.isKept) planned.splice(index, 1);
    return plan?.fault;
  };
  let writing: Promise<unknown> = Promise.resolve();
  const server = createServer((incoming, outgoing) => {
    incoming.on('error', () => undefined);
    const operation = toOperation(incoming);
    requests.push({ operation, path: incoming.url ?? '', headers: incoming.headers });
    const isWrite = operation === 'PutObject';
    const handled = (isWrite ? writing : Promise.resolve())
      .then(() => handle(target, incoming, outgoing, take(operation)))
      .catch(() => incoming.socket.destroy());
    if (isWrite) writing = handled;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    requests,
    operations: () => requests.map(({ operation }) => operation),
    next: (operation, fault) => planned.push({ operation, fault, isKept: false }),
    always: (operation, fault) => planned.push({ operation, fault, isKept: true }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}

function toOperation({ method = '', url = '' }: IncomingMessage): Operation {
  const { searchParams } = new URL(url, 'http://host');
  const has = (name: string) => searchParams.has(name);
  switch (method) {
    case 'PUT':
      return has('partNumber') ? 'UploadPart' : 'PutObject';
    case 'GET':
      if (has('list-type')) return 'ListObjects';
      return has('uploads') ? 'ListMultipartUploads' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'POST':
      return has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
    case 'DELETE':
      return has('uploadId') ? 'AbortMultipartUpload' : 'other';
    default:
      return 'other';
  }
}

async function handle(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault?.kind === 'cut-request') {
    if (Number(incoming.headers['content-length']) > 0) await once(incoming, 'data');
    incoming.socket.destroy();
    return;
  }
  const body = await readAll(incoming);
  if (fault?.kind === 'silence') return;
  if (fault?.kind === 'status') {
    outgoing.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers }).end(fault.body);
    return;
  }
  if (fault?.kind === 'wait') await fault.until;
  // The path as it is: a URL would lose its `..`.
  const { method, headers, url: path } = incoming;
  const forwarded = request(target, { method, headers, path });
  forwarded.end(body);
  const [response]: IncomingMessage[] = await once(forwarded, 'response');
  if (response === undefined) throw new Error('there is no response');
  const received = await readAll(response);
  if (fault?.kind === 'lost-response') {
    incoming.socket.destroy();
    return;
  }
  if (fault?.kind === 'rewrite') {
    const rewritten = Buffer.from(fault.rewrite(received.toString('utf8')));
    const { 'content-length': _, 'transfer-encoding': __, ...headers } = response.headers;
    outgoing.writeHead(response.statusCode ?? 0, { ...headers, 'content-length': rewritten.byteLength }).end(rewritten);
    return;
  }
  outgoing.writeHead(response.statusCode ?? 0, response.headers);
  if (fault?.kind === 'cut-response' || fault?.kind === 'silent-response') {
    outgoing.write(received.subarray(0, fault.afterBytes), () => {
      if (fault.kind === 'cut-response') incoming.socket.destroy();
    });
    return;
  }
  outgoing.end(received);
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
