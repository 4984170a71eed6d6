import { onTestFinished } from 'vitest';
import { BatchClient } from '../../../../src/index.js';
import {
  type EmulatorOptions,
  type LlamaCloudEmulator,
  startLlamaCloudEmulator,
} from '../../../../src/testing/index.js';
import type { TestNamespace } from '../../../support/namespace.js';
import { newFolder } from '../../../support/new-folder.js';
import { CliProcess } from '../../cli-process.js';

export interface DeployedWorker {
  readonly worker: CliProcess;
  readonly emulator: LlamaCloudEmulator;
  readonly batches: BatchClient;
  readonly taskQueue: string;
  /** The environment of the worker. */
  readonly env: Record<string, string>;
}

let workers = 0;

/** Starts a worker of the command on a task queue of its own. It ends with the test. */
export async function deployWorker(
  { address, namespace, client }: TestNamespace,
  settings: Readonly<Record<string, string>>,
  options: EmulatorOptions = {},
  args: readonly string[] = [],
): Promise<DeployedWorker> {
  const emulator = await startLlamaCloudEmulator({ seed: 7, batchRunningMs: 0, jobRunningMs: 0, ...options });
  onTestFinished(() => emulator.close());
  const output = await newFolder('cli-worker-');
  workers += 1;
  const taskQueue = `deployed-${workers}`;
  const env = {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    LLAMACLOUD_TASK_QUEUE: taskQueue,
    LLAMA_CLOUD_API_KEY: emulator.apiKey,
    LLAMA_CLOUD_BASE_URL: emulator.url,
    LLAMACLOUD_OUTPUT: output,
    ...settings,
  };
  const worker = startProcess(env, args);
  return { worker, emulator, batches: new BatchClient({ client, taskQueue }), taskQueue, env };
}

/** Starts one more worker with this environment. It ends with the test. */
export function startProcess(env: Readonly<Record<string, string>>, args: readonly string[] = []): CliProcess {
  const worker = new CliProcess(['worker', '--json', ...args], { env });
  onTestFinished(async () => {
    await worker.stop('SIGKILL');
  });
  return worker;
}

/** Waits until a worker polls. Returns what it has printed for machines. */
export async function untilPolling(worker: CliProcess): Promise<{ health?: string }> {
  const [line] = await worker.waitForOutput(/^\{"polling":true.*$/m);
  return JSON.parse(line);
}
