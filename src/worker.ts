/**
 * The worker of the command `temporal-llamacloud worker`. `node dist/worker.js` runs it too, with its configuration in the environment.
 * Internal: an application creates Temporal's worker itself, with the plugin.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isGrpcServiceError } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { type WorkerConfig, workerConfigFromEnv } from './config/config.js';
import { workerSettingsFromEnv } from './config/worker-settings.js';
import { openOutputStore } from './outputs/index.js';
import { LlamaCloudPlugin } from './plugin.js';

export interface RunningWorker {
  /** Resolves when the worker has stopped. Rejects if it failed. */
  readonly stopped: Promise<void>;
  /** Why the worker takes no work; `undefined` if it does. Asks Temporal. */
  findProblem(): Promise<string | undefined>;
  /** Stops polling, and gives running activities their grace time to finish. Resolves when the worker has stopped. */
  stop(): Promise<void>;
}

/**
 * Connects to Temporal and starts a worker for all workflows of the package.
 *
 * @param overrides Options of Temporal's worker that replace the ones set here.
 * @throws OutputError if the output store can't be written to.
 * @throws Temporal's `TransportError` if the server can't be reached, and its gRPC error with the code NOT_FOUND (5) if the namespace
 * does not exist.
 */
export async function startWorker(
  config: WorkerConfig,
  overrides: Partial<WorkerOptions> = {},
): Promise<RunningWorker> {
  const { llamacloud, requestsPerSecond, webhook } = config;
  const output = await openOutputStore(config.output);
  // The plugin checks it too, but only when there is a connection to Temporal.
  await output.check();
  const optional = {
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    ...(webhook === undefined ? {} : { webhook }),
  };
  const connection = await NativeConnection.connect(config.temporal.connection);
  try {
    const worker = await Worker.create({
      connection,
      namespace: config.temporal.namespace,
      taskQueue: config.temporal.taskQueue,
      ...findWorkflows(),
      // All of the environment is in the configuration.
      plugins: [new LlamaCloudPlugin({ ...llamacloud, output, ...optional }, {})],
      ...overrides,
    });
    const stopped = worker.run().finally(() => connection.close());
    return {
      stopped,
      findProblem: () => findProblem(worker, connection, config.temporal.namespace),
      stop: async () => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await stopped;
      },
    };
  } catch (error) {
    const reason = await findNamespaceError(connection, config.temporal.namespace);
    await connection.close();
    throw reason ?? error;
  }
}

/** A probe has its own, shorter timeout. */
const CHECK_TIMEOUT_MS = 5_000;

async function findProblem(
  worker: Worker,
  connection: NativeConnection,
  namespace: string,
): Promise<string | undefined> {
  const state = worker.getState();
  if (state !== 'RUNNING') return `the worker is ${state}`;
  try {
    await connection.withDeadline(Date.now() + CHECK_TIMEOUT_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return undefined;
  } catch {
    return 'Temporal does not respond';
  }
}

/**
 * In a clone, the build has bundled the workflows, since that takes seconds. The package has no bundle: it would be of our version of the
 * SDK, and a worker of another version fails each workflow task with it.
 */
function findWorkflows(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url));
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return { workflowsPath: fileURLToPath(new URL('./workflows/index.js', import.meta.url)) };
}

/** `Worker.create` reports a missing namespace as a `TransportError`, as it does an unreachable server. */
async function findNamespaceError({ workflowService }: NativeConnection, namespace: string): Promise<unknown> {
  try {
    await workflowService.describeNamespace({ namespace });
    return undefined;
  } catch (error) {
    return isGrpcServiceError(error) && error.code === NOT_FOUND ? error : undefined;
  }
}

/** Of gRPC. */
const NOT_FOUND = 5;

/** True even if started through a symlink, or without the file extension. */
function isMain(): boolean {
  const [, script] = process.argv;
  try {
    return script !== undefined && createRequire(import.meta.url).resolve(script) === fileURLToPath(import.meta.url);
  } catch {
    return false;
  }
}

if (isMain()) {
  const worker = await startWorker(workerConfigFromEnv(), workerSettingsFromEnv().options);
  await worker.stopped;
}
