import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import {
  BatchClient,
  createActivities,
  LlamaCloudClient,
  type ManifestLine,
  openOutputStore,
} from '../../src/index.js';
import { type EmulatorOptions, type LlamaCloudEmulator, startLlamaCloudEmulator } from '../../src/testing/index.js';
import { bundleWorkflows } from './workflow-bundle.js';

/** A Temporal server, real or time-skipping. */
interface Server {
  client: Client;
  nativeConnection: NativeConnection;
}

/** Emulator, output folder and worker on a server that is there: all that a workflow needs. */
export interface Stage {
  readonly emulator: LlamaCloudEmulator;
  readonly batches: BatchClient;
  readonly client: Client;
  readonly taskQueue: string;
  readonly output: string;
  manifest(location: string | null): Promise<ManifestLine[]>;
  close(): Promise<void>;
}

export interface StageOptions {
  emulator?: EmulatorOptions;
  worker?: Partial<WorkerOptions>;
}

let bundle: ReturnType<typeof bundleWorkflows> | undefined;

export async function setStage(server: Server, options: StageOptions = {}): Promise<Stage> {
  bundle ??= bundleWorkflows();
  const emulator = await startLlamaCloudEmulator({
    seed: 7,
    batchPendingMs: 0,
    batchRunningMs: 0,
    jobPendingMs: 0,
    jobRunningMs: 0,
    ...options.emulator,
  });
  const output = await mkdtemp(join(tmpdir(), 'temporal-llamacloud-'));
  const taskQueue = `test-${randomUUID()}`;
  const worker = await Worker.create({
    connection: server.nativeConnection,
    taskQueue,
    workflowBundle: await bundle,
    activities: createActivities({
      llamacloud: new LlamaCloudClient({ apiKey: emulator.apiKey, baseUrl: emulator.url }),
      outputs: openOutputStore(output),
    }),
    ...options.worker,
  });
  const running = worker.run();
  return {
    emulator,
    batches: new BatchClient({ client: server.client, taskQueue }),
    client: server.client,
    taskQueue,
    output,
    manifest: async (location) => {
      if (location === null) throw new Error('there is no manifest');
      const text = await readFile(location, 'utf8');
      return text
        .trimEnd()
        .split('\n')
        .map((line): ManifestLine => JSON.parse(line));
    },
    close: async () => {
      worker.shutdown();
      await running;
      await emulator.close();
      await rm(output, { recursive: true });
    },
  };
}

/** The usual work: parse a directory. */
export function parse(directoryId: string) {
  return { directoryId, job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } } as const;
}
