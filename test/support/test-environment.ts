import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { inject } from 'vitest';
import type { Activities } from '../../src/activities/types.js';
import {
  type AccountGateOptions,
  BatchClient,
  createActivities,
  DirectoryStore,
  LlamaCloudClient,
  type ManifestLine,
} from '../../src/index.js';
import {
  ADVERSE_CONDITIONS,
  type EmulatedBatch,
  type EmulatorOptions,
  type LlamaCloudEmulator,
  startLlamaCloudEmulator,
  type VirtualFile,
} from '../../src/testing/index.js';
import { until } from './until.js';

type History = temporal.api.history.v1.IHistoryEvent[];

/** A namespace of a Temporal server, real or time-skipping. */
interface Server {
  client: Client;
  nativeConnection: NativeConnection;
}

/** An emulator, an output folder and a worker on a running Temporal server. */
export interface TestEnvironment {
  readonly emulator: LlamaCloudEmulator;
  readonly batches: BatchClient;
  readonly client: Client;
  readonly taskQueue: string;
  readonly output: string;
  /** The lines of a manifest. */
  manifest(location: string | null): Promise<ManifestLine[]>;
  /** All events of a run. Default: of the latest run of the workflow id. */
  history(workflowId: string, runId?: string): Promise<History>;
  /** The current details in the Temporal UI. */
  details(workflowId: string): Promise<string>;
  /** Waits for a batch over a directory. */
  untilCreated(directoryId: string): Promise<EmulatedBatch>;
  close(): Promise<void>;
}

export interface TestEnvironmentOptions {
  emulator?: EmulatorOptions;
  worker?: Partial<WorkerOptions>;
  /** Replace the real activities of the same names. */
  activities?: object | ((real: Activities) => object);
  /** Timeout of one request to LlamaCloud, in milliseconds. */
  requestTimeoutMs?: number;
  /** How long LlamaCloud's list of batches may lag, in milliseconds. Default 3,000. */
  listLagMs?: number;
  /** Webhook of the batches that are created. */
  webhook?: { url: string; secret: string };
  /** When requests pause, and how often one of them tests it. */
  accountGate?: AccountGateOptions;
  /** Starts a second worker, on its own task queue, with the emulator and the output folder of this environment. */
  shared?: TestEnvironment;
}

export async function startTestEnvironment(
  server: Server,
  options: TestEnvironmentOptions = {},
): Promise<TestEnvironment> {
  const emulator = options.shared?.emulator ?? (await startLlamaCloudEmulator({ ...IMMEDIATE, ...options.emulator }));
  const output = options.shared?.output ?? (await mkdtemp(join(tmpdir(), 'temporal-llamacloud-')));
  const taskQueue = `test-${randomUUID()}`;
  const real = createActivities({
    llamacloud: new LlamaCloudClient({
      apiKey: emulator.apiKey,
      baseUrl: emulator.url,
      ...(options.requestTimeoutMs === undefined ? {} : { timeoutMs: options.requestTimeoutMs }),
    }),
    outputs: new DirectoryStore(output),
    listLagMs: options.listLagMs ?? 3_000,
    ...(options.webhook === undefined ? {} : { webhook: options.webhook }),
    ...(options.accountGate === undefined ? {} : { accountGate: options.accountGate }),
  });
  const replaced = typeof options.activities === 'function' ? options.activities(real) : options.activities;
  const worker = await Worker.create({
    connection: server.nativeConnection,
    namespace: server.client.options.namespace,
    taskQueue,
    workflowBundle: { codePath: inject('workflowBundle') },
    activities: { ...real, ...replaced },
    ...options.worker,
  });
  const running = worker.run();
  return {
    emulator,
    batches: new BatchClient({ client: server.client, taskQueue, workerTimeoutMs: 120_000 }),
    client: server.client,
    taskQueue,
    output,
    manifest: async (location) => {
      if (location === null) throw new Error('there is no manifest');
      const text = await readFile(location, 'utf8');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): ManifestLine => JSON.parse(line));
    },
    history: async (workflowId, runId) => {
      const { events } = await server.client.workflow.getHandle(workflowId, runId).fetchHistory();
      return events ?? [];
    },
    details: async (workflowId) => {
      const metadata = await server.client.workflow
        .getHandle(workflowId)
        .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      return metadata.currentDetails ?? '';
    },
    untilCreated: (directoryId) =>
      until('the batch', () => emulator.batches.list().find((batch) => batch.directoryId === directoryId)),
    close: async () => {
      worker.shutdown();
      await running;
      if (options.shared !== undefined) return;
      await emulator.close();
      await rm(output, { recursive: true });
    },
  };
}

/** Batches and jobs end at once. A test that needs them to take time says so. */
const IMMEDIATE: EmulatorOptions = {
  ...ADVERSE_CONDITIONS,
  // Each costs a poll of one second. The tests of lists and results set them.
  listLagMs: 0,
  lateRowsMs: 0,
  lateJobsMs: 0,
  seed: 7,
  batchPendingMs: 0,
  batchRunningMs: 0,
  jobPendingMs: 0,
  jobRunningMs: 0,
};

/** Input of a run that parses a directory. */
export function parseInput(directoryId: string) {
  return { directoryId, job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } } as const;
}

/** Small files. */
export function files(count: number): VirtualFile[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `${String(i).padStart(4, '0')}.md`,
    content: `# File ${i}\n`,
  }));
}
