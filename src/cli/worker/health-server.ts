/** What an orchestrator asks a worker: whether its process responds, and whether it takes work. */
import { createServer, type ServerResponse } from 'node:http';
import type { ListenAddress } from '../../config/worker-settings.js';

export interface HealthServer {
  /** Such as `http://0.0.0.0:8080`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Probes are few. Anybody who reaches the port can open connections. */
const MAX_CONNECTIONS = 50;

const NODE_TIMEOUTS = { headersTimeout: 5_000, requestTimeout: 5_000, connectionsCheckingInterval: 2_000 };

/**
 * Serves `GET /healthz`, which is 200 as long as the process responds, and `GET /readyz`, which is 200 while the worker takes work, and
 * 503 with the reason otherwise.
 *
 * @param findProblem Returns why the worker takes no work; `undefined` if it does. It is not called again while a call is open.
 * @throws the system's error if the address can't be listened to.
 */
export async function startHealthServer(
  { host, port }: ListenAddress,
  findProblem: () => Promise<string | undefined>,
): Promise<HealthServer> {
  let asked: Promise<string | undefined> | undefined;
  const ask = () => {
    asked ??= findProblem().finally(() => {
      asked = undefined;
    });
    return asked;
  };
  const server = createServer(NODE_TIMEOUTS, (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || (path !== '/healthz' && path !== '/readyz')) respond(response, isRead ? 404 : 405, {});
    else if (path === '/healthz') respond(response, 200, { status: 'ok' });
    else
      ask().then(
        (problem) => respond(response, problem === undefined ? 200 : 503, toReadiness(problem)),
        () => respond(response, 503, toReadiness('the check failed')),
      );
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actualPort = address !== null && typeof address === 'object' ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function toReadiness(problem: string | undefined): object {
  return problem === undefined ? { status: 'ready' } : { status: 'not ready', reason: problem };
}

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
