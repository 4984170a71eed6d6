import { Client, Connection } from '@temporalio/client';
import { type SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import {
  encodeSearchAttributeIndexedValueType,
  type SearchAttributeKey,
} from '@temporalio/common/lib/search-attributes.js';
import { NativeConnection } from '@temporalio/worker';
import { findFreePort, LOOPBACK } from './free-port.js';
import { waitForTemporal, waitForUrl } from './readiness.js';
import { type ResolvedExecutable, type ResolveOptions, resolveTemporalCli } from './resolve.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

export interface LocalTemporalOptions extends ResolveOptions {
  /** Whether to serve the Web UI, and on which port. `true`: on a free port. Default false. */
  readonly ui?: boolean | { readonly port?: number };
  /** Port of the gRPC API. Default: a free one. */
  readonly port?: number;
  /** Namespace that is created when the server starts. Default `default`. */
  readonly namespace?: string;
  /** SQLite file to store everything in. It is created if it does not exist. Default: in memory, lost when the server stops. */
  readonly dbFilename?: string;
  /** Search attributes to register in the namespace. Default: none. */
  readonly searchAttributes?: readonly SearchAttributeKey<SearchAttributeType>[];
  /** Level of the server's log. Default `error`. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'never';
  /** File that the server's output is appended to. Default: none. The output is never printed. */
  readonly logFile?: string;
  /** How long the server may take to start, in milliseconds, without the time to download it. Default 120,000. */
  readonly startTimeoutMs?: number;
}

/** A running Temporal server on this machine. */
export interface LocalTemporal {
  /** `127.0.0.1:<port>`, for your own clients and workers. */
  readonly address: string;
  readonly namespace: string;
  /** URL of the Web UI. Missing without `ui`. */
  readonly uiUrl?: string;
  readonly client: Client;
  /** Connection for workers. */
  readonly nativeConnection: NativeConnection;
  /** The Temporal CLI that the server runs in. */
  readonly executable: ResolvedExecutable;
  /** Closes the connections and stops the server. Shut down your workers first. May be called again. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;

/** As the SDK's `createLocal` sets it: no check for newer versions, and workflow updates on servers where they are off by default. */
const DYNAMIC_CONFIG = [
  'frontend.enableServerVersionCheck=false',
  'frontend.enableUpdateWorkflowExecution=true',
  'frontend.enableUpdateWorkflowExecutionAsyncAccepted=true',
];

/**
 * Starts a real Temporal server, with its Web UI if wanted, on the loopback interface. The Temporal CLI that it runs is found or
 * downloaded by {@link resolveTemporalCli}. The server stops with `close()`, and whenever this process ends.
 *
 * The SDK's `TestWorkflowEnvironment.createLocal` is not used: it writes the server's banner to stdout, gives up after 5 s, and Ctrl-C
 * stops its server before the workers.
 *
 * @throws {@link ExecutableNotFound}
 * @throws Error with the output of the server if it does not start. Nothing is left running.
 */
export async function startLocalTemporal(options: LocalTemporalOptions = {}): Promise<LocalTemporal> {
  const executable = await resolveTemporalCli(options);
  const port = options.port ?? (await findFreePort());
  const uiPort = await findUiPort(options.ui);
  const server = startServerProcess({
    path: executable.path,
    args: toServerArgs(options, port, uiPort),
    graceful: options.dbFilename !== undefined,
    logFile: options.logFile,
  });
  try {
    return await connectTo(server, executable, options, port, uiPort);
  } catch (error) {
    await server.stop();
    const output = options.logFile === undefined ? server.output() || 'nothing' : `into ${options.logFile}`;
    throw new Error(`The Temporal server (${executable.path}) did not start. It wrote: ${output}`, { cause: error });
  }
}

async function findUiPort(ui: LocalTemporalOptions['ui']): Promise<number | undefined> {
  if (!ui) return undefined;
  return (ui === true ? undefined : ui.port) ?? (await findFreePort());
}

function toServerArgs(options: LocalTemporalOptions, port: number, uiPort: number | undefined): string[] {
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

async function connectTo(
  server: ServerProcess,
  executable: ResolvedExecutable,
  options: LocalTemporalOptions,
  port: number,
  uiPort: number | undefined,
): Promise<LocalTemporal> {
  const { namespace = 'default', searchAttributes = [], startTimeoutMs = START_TIMEOUT_MS } = options;
  const address = `${LOOPBACK}:${port}`;
  const uiUrl = uiPort === undefined ? undefined : `http://${LOOPBACK}:${uiPort}`;
  const limits = { deadlineMs: Date.now() + startTimeoutMs, exited: server.exited };

  await waitForTemporal(port, limits);
  const connection = await Connection.connect({ address });
  try {
    await addSearchAttributes(connection, namespace, searchAttributes);
    if (uiUrl !== undefined) await waitForUrl(uiUrl, limits);
    const nativeConnection = await NativeConnection.connect({ address });
    let closing: Promise<void> | undefined;
    const close = async () => {
      await connection.close();
      await nativeConnection.close();
      await server.stop();
    };
    return {
      address,
      namespace,
      ...(uiUrl === undefined ? {} : { uiUrl }),
      client: new Client({ connection, namespace }),
      nativeConnection,
      executable,
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Adds those that the namespace does not have: a database of an earlier start may lack some. */
async function addSearchAttributes(
  { operatorService }: Connection,
  namespace: string,
  keys: readonly SearchAttributeKey<SearchAttributeType>[],
): Promise<void> {
  if (keys.length === 0) return;
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = keys.filter(({ name }) => !(name in customAttributes));
  if (missing.length === 0) return;
  const types = missing.map(({ name, type }) => [name, encodeSearchAttributeIndexedValueType(type)]);
  await operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(types) });
}
