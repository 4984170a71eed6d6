import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

export interface WebhookServer {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more connections, and waits for the responses under way. */
  close(): Promise<void>;
}

/** A connection costs memory, and LlamaCloud needs few. Node closes what is above it. */
const MAX_CONNECTIONS = 500;

/** Node ends a connection whose headers, or whose whole request, take longer. The receiver has a shorter time for the body. */
const NODE_TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 };

/** How long {@link WebhookServer.close} waits for responses. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Serves a handler of Web-standard requests, with any path, over HTTP.
 *
 * @param onError Called with what the handler throws. The response is then a 500.
 * @throws the system's error if the port can't be listened to.
 */
export async function startWebhookServer(
  handle: (request: Request) => Promise<Response>,
  { host, port, onError }: { host: string; port: number; onError: (error: unknown) => void },
): Promise<WebhookServer> {
  const server = createServer(NODE_TIMEOUTS, (request, response) => {
    respond(handle, request, response).catch((error: unknown) => {
      onError(error);
      if (!response.headersSent) response.writeHead(500).end();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.removeAllListeners('error').on('error', onError);
  const address = server.address();
  const actualPort = address !== null && typeof address === 'object' ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`,
    close: async () => {
      const timer = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      clearTimeout(timer);
    },
  };
}

async function respond(
  handle: (request: Request) => Promise<Response>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const webRequest = toRequest(request);
  if (webRequest === undefined) {
    response.writeHead(400).end();
    return;
  }
  const { status, headers, body } = await readResponse(await handle(webRequest));
  // The rest of a body that was refused is not read, so the connection can't be used again.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, headers).end(body);
}

/** Returns `undefined` for what Node takes and a `Request` can't be, such as the method TRACE. */
function toRequest(request: IncomingMessage): Request | undefined {
  const { method = 'GET' } = request;
  const headers = Object.entries(request.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const hasBody = method !== 'GET' && method !== 'HEAD';
  // Neither the host nor the path matters, and both may be invalid.
  try {
    return new Request('http://localhost/', {
      method,
      headers,
      ...(hasBody ? { body: Readable.toWeb(request), duplex: 'half' } : {}),
    });
  } catch {
    return undefined;
  }
}

async function readResponse(response: Response) {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  };
}
