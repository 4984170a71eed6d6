import type { Client } from '@temporalio/client';
import { type SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import type { SearchAttributeKey } from '@temporalio/common/lib/search-attributes.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { NativeConnection } from '@temporalio/worker';
import { freePort, LOOPBACK } from './free-port.js';
import { untilAnswers, untilServes } from './readiness.js';
import { type ResolvedExecutable, type ResolveOptions, resolveTemporalCli } from './resolve.js';
import { registerSearchAttributes } from './search-attributes.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

export interface LocalTemporalOptions extends ResolveOptions {
  /** Whether to serve the Web UI, and on which port. Default: no UI. `true` takes a free port. */
  readonly ui?: boolean | { readonly port?: number };
  /** The gRPC port. Default: a free one. */
  readonly port?: number;
  /** Created when the server starts. Default: `default`. */
  readonly namespace?: string;
  /** The SQLite file to keep everything in; made if there is none. Default: in memory, gone when the server ends. */
  readonly dbFilename?: string;
  /** Registered in the namespace before this resolves. Default: none. */
  readonly searchAttributes?: readonly SearchAttributeKey<SearchAttributeType>[];
  /** Of the server's own log. Default: `error`. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'never';
  /** A file that the server's output is appended to. Default: it is dropped; nothing is ever printed. */
  readonly logFile?: string;
  /** How long the server may take to answer, in milliseconds, once it has been fetched. Default: 30,000. */
  readonly startTimeoutMs?: number;
}

/** A Temporal server that runs on this machine, for us alone. */
export interface LocalTemporal {
  /** `127.0.0.1:<port>`, for other clients and workers. */
  readonly address: string;
  readonly namespace: string;
  /** Where the Web UI answers; absent without `ui`. */
  readonly uiUrl?: string;
  readonly client: Client;
  /** For workers. */
  readonly nativeConnection: NativeConnection;
  /** The SDK's view of the server, for what it offers to tests. Ended by {@link close}, not by its own `teardown`. */
  readonly env: TestWorkflowEnvironment;
  /** The Temporal CLI that runs. */
  readonly executable: ResolvedExecutable;
  /** Closes the connections and ends the server. Shut the workers down first. May be called again. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

/**
 * What the SDK's own `createLocal` sets: no look-up for newer versions, and workflow updates on servers that are too old
 * to have them by default.
 */
const DYNAMIC_CONFIG = [
  'frontend.enableServerVersionCheck=false',
  'frontend.enableUpdateWorkflowExecution=true',
  'frontend.enableUpdateWorkflowExecutionAsyncAccepted=true',
];

/**
 * Starts a real Temporal server, with its Web UI if wanted, on the loopback interface. The Temporal CLI that it runs is
 * looked for, and fetched if there is none: see {@link resolveTemporalCli}. The server ends with `close()`, and with this
 * process however that ends.
 *
 * It is not started by the SDK's `TestWorkflowEnvironment.createLocal`, since that one writes the server's banner to our
 * stdout, gives up after 5 s, and lets Ctrl-C end the server before the workers.
 *
 * @throws {@link ExecutableNotFound}
 * @throws Error when the server does not start, with what it wrote; nothing is left running
 */
export async function startLocalTemporal(options: LocalTemporalOptions = {}): Promise<LocalTemporal> {
  const executable = await resolveTemporalCli(options);
  const port = options.port ?? (await freePort());
  const uiPort = await uiPortOf(options.ui);
  const server = startServerProcess({
    path: executable.path,
    args: serverArgs(options, port, uiPort),
    gentle: options.dbFilename !== undefined,
    logFile: options.logFile,
  });
  try {
    return await connect(server, executable, options, port, uiPort);
  } catch (error) {
    await server.stop();
    throw new Error(whyNotStarted(executable, server, options.logFile), { cause: error });
  }
}

async function uiPortOf(ui: LocalTemporalOptions['ui']): Promise<number | undefined> {
  if (!ui) return undefined;
  return (ui === true ? undefined : ui.port) ?? (await freePort());
}

function serverArgs(options: LocalTemporalOptions, port: number, uiPort: number | undefined): string[] {
  const { namespace = 'default', logLevel = 'error', dbFilename, searchAttributes = [] } = options;
  return [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', `${port}`, '--namespace', namespace],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', `${uiPort}`]),
    ...(dbFilename === undefined ? [] : ['--db-filename', dbFilename]),
    ...['--log-format', 'pretty', '--log-level', logLevel],
    ...DYNAMIC_CONFIG.flatMap((entry) => ['--dynamic-config-value', entry]),
    ...searchAttributes.flatMap(({ name, type }) => [
      '--search-attribute',
      `${name}=${TypedSearchAttributes.toMetadataType(type)}`,
    ]),
  ];
}

async function connect(
  server: ServerProcess,
  executable: ResolvedExecutable,
  options: LocalTemporalOptions,
  port: number,
  uiPort: number | undefined,
): Promise<LocalTemporal> {
  const { namespace = 'default', searchAttributes = [], startTimeoutMs = START_TIMEOUT_MS } = options;
  const address = `${LOOPBACK}:${port}`;
  const uiUrl = uiPort === undefined ? undefined : `http://${LOOPBACK}:${uiPort}`;
  const limits = { deadline: Date.now() + startTimeoutMs, ended: server.ended };

  await untilServes(port, limits);
  const env = await TestWorkflowEnvironment.createFromExistingServer({ address, namespace });
  const close = async () => {
    await env.teardown();
    await server.stop();
  };
  let closing: Promise<void> | undefined;
  try {
    await registerSearchAttributes(env.connection, namespace, searchAttributes);
    if (uiUrl !== undefined) await untilAnswers(uiUrl, limits);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    address,
    namespace,
    ...(uiUrl === undefined ? {} : { uiUrl }),
    client: env.client,
    nativeConnection: env.nativeConnection,
    env,
    executable,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function whyNotStarted(executable: ResolvedExecutable, server: ServerProcess, logFile: string | undefined): string {
  const wrote = logFile === undefined ? server.output() || 'nothing' : `into ${logFile}`;
  return `The Temporal server (${executable.path}) did not start. It wrote: ${wrote}`;
}
