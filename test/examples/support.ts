import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { type LlamaCloudEmulator, startLlamaCloudEmulator } from '../../src/testing/index.js';
import { openNamespace, type TestNamespace } from '../support/namespace.js';
import { NodeProcess } from '../support/node-process.js';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

/** Where examples keep what they have downloaded or built. */
export const CACHE = fileURLToPath(new URL('../../.examples', import.meta.url));

/** An example in an application of its own, which has installed the packed package, on a namespace and an emulator. */
export interface ExampleEnvironment {
  readonly temporal: TestNamespace;
  readonly emulator: LlamaCloudEmulator;
  /** What the processes get. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts a script of the example, as `npx tsx` does. */
  start(script: string, args?: readonly string[], env?: Readonly<Record<string, string>>): NodeProcess;
  /** Starts the worker of the command, which needs no workflow module. */
  startCommandWorker(): NodeProcess;
  /** Ends all that was started. */
  close(): Promise<void>;
}

/** @param name Folder of the example. */
export async function openExample(name: string): Promise<ExampleEnvironment> {
  const folder = inject('packedApp');
  const [temporal, emulator] = await Promise.all([
    openNamespace(),
    startLlamaCloudEmulator({ seed: 7, batchPendingMs: 0, batchRunningMs: 0, jobPendingMs: 0, jobRunningMs: 0 }),
  ]);
  const cwd = join(folder, name);
  await cp(join(EXAMPLES, name), cwd, { recursive: true });
  const env = {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    LLAMA_CLOUD_API_KEY: emulator.apiKey,
    LLAMA_CLOUD_BASE_URL: emulator.url,
  };
  const started: NodeProcess[] = [];
  const start = (args: readonly string[], extraEnv: Readonly<Record<string, string>> = {}) => {
    const child = new NodeProcess(args, { cwd, env: { ...env, ...extraEnv } });
    started.push(child);
    return child;
  };
  const command = join(folder, 'node_modules/temporal-llamacloud/dist/cli/main.js');
  return {
    temporal,
    emulator,
    env,
    start: (script, args = [], extraEnv) => start(['--import', 'tsx', script, ...args], extraEnv),
    startCommandWorker: () => start([command, 'worker']),
    close: async () => {
      await Promise.all(started.map((child) => child.stop()));
      await emulator.close();
    },
  };
}
