/** The worker: puts the parts together, and can be run as it is, with its configuration in the environment. */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from './activities/index.js';
import { type WorkerConfig, workerConfigFromEnv } from './config.js';
import { LlamaCloudClient } from './llamacloud/index.js';
import { openOutputStore } from './outputs/index.js';

/** What is open when the worker is told to stop gets this long to end before it is cancelled, and then tried elsewhere. */
const SHUTDOWN_GRACE_TIME = '20 seconds';

/**
 * A child is one workflow task, which no worker has in its cache: most pollers are for those. By default two of ten are. For a worker of your
 * own as well.
 */
export const POLLING = {
  maxConcurrentWorkflowTaskPolls: 20,
  nonStickyToStickyPollRatio: 0.6,
} as const satisfies Partial<WorkerOptions>;

export interface RunningWorker {
  /** Resolves when the worker has stopped; rejects when it failed. */
  readonly stopped: Promise<void>;
  /** Stops it: no new tasks, and those under way get their time. Resolves when it has stopped. */
  stop(): Promise<void>;
}

/**
 * Connects and starts a worker for `processBatch`, `processJob` and `processDirectories`.
 *
 * @throws OutputError when the output can't be written to; Temporal's TransportError when it can't be reached.
 * @param overrides Options of Temporal's worker that you want otherwise.
 */
export async function startWorker(
  config: WorkerConfig,
  overrides: Partial<WorkerOptions> = {},
): Promise<RunningWorker> {
  const { requestsPerSecond } = config;
  const outputs = openOutputStore(config.output);
  // Before a batch is made and paid for whose documents could go nowhere.
  await outputs.check();
  const connection = await NativeConnection.connect(config.temporal.connection);
  try {
    const worker = await Worker.create({
      connection,
      namespace: config.temporal.namespace,
      taskQueue: config.temporal.taskQueue,
      // Made by the build: bundling at every start would take seconds.
      workflowBundle: { codePath: fileURLToPath(new URL('./workflow-bundle.js', import.meta.url)) },
      activities: createActivities({
        llamacloud: new LlamaCloudClient(config.llamacloud),
        outputs,
        ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
      }),
      // The server's own limit, on the task queue: it holds over all workers.
      ...(requestsPerSecond === undefined ? {} : { maxTaskQueueActivitiesPerSecond: requestsPerSecond }),
      shutdownGraceTime: SHUTDOWN_GRACE_TIME,
      ...POLLING,
      ...overrides,
    });
    const stopped = worker.run().finally(() => connection.close());
    return {
      stopped,
      stop: async () => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await stopped;
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const worker = await startWorker(workerConfigFromEnv());
  await worker.stopped;
}
