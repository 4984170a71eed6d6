// The environment of the measurements: one real Temporal server, one emulator, and one worker process.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { LlamaCloudClient, openOutputStore } from '../dist/index.js';
import { startLlamaCloudEmulator, startLocalTemporal } from '../dist/testing/index.js';
import { measureCpu } from './cpu.mjs';

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
export const JOB = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' };

/** Batches and jobs end at once, unless a measurement overrides it. */
const IMMEDIATE = {
  seed: 7,
  batchPendingMs: 0,
  batchRunningMs: 0,
  jobPendingMs: 0,
  jobRunningMs: 0,
  maxFilesPerBatch: 20_000,
};

/**
 * @param address Default: a development server is started.
 * @param clusterDir The folder of the cluster at that address, if it runs on this machine.
 */
export async function startEnvironment({ address, clusterDir }, emulatorOptions = {}) {
  const output = await mkdtemp(join(tmpdir(), 'bench-'));
  const temporal = address === undefined ? await startLocalTemporal() : await connectToTemporal(address);
  const emulator = await startLlamaCloudEmulator({ ...IMMEDIATE, ...emulatorOptions });
  const llamacloud = new LlamaCloudClient({ apiKey: emulator.apiKey, baseUrl: emulator.url });
  let worker = await startWorker({ temporal, emulator, output });
  return {
    temporal,
    emulator,
    llamacloud,
    output,
    storeId: await (await openOutputStore(output)).id(),
    client: temporal.client,
    /** Runs a function. @returns What it returns, and the CPU time of the worker and of the server meanwhile, in ms. */
    measureCpu: (run) => measureCpu({ clusterDir, workerPid: worker.pid }, run),
    /** Replaces the worker process by a new one. */
    restartWorker: async () => {
      await worker.stop();
      worker = await startWorker({ temporal, emulator, output });
      return worker;
    },
    close: async () => {
      await worker.stop();
      await emulator.close();
      await temporal.close();
      await rm(output, { recursive: true, force: true });
    },
  };
}

async function connectToTemporal(address) {
  const connection = await Connection.connect({ address });
  return { address, client: new Client({ connection }), close: () => connection.close() };
}

async function startWorker({ temporal, emulator, output }) {
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: temporal.address,
    LLAMA_CLOUD_API_KEY: emulator.apiKey,
    LLAMA_CLOUD_BASE_URL: emulator.url,
    OUTPUT: output,
  };
  const child = fork(WORKER, { env, execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const [message] = await Promise.race([once(child, 'message'), exited]);
  if (message !== 'polling') throw new Error('the worker exited before it polled');
  return {
    pid: child.pid,
    /** Peak resident memory, in bytes. */
    peakMemory: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
    },
    /** Heap in use after a garbage collection, in bytes. */
    heapUsed: async () => {
      child.send('collect');
      const [{ heapUsed }] = await once(child, 'message');
      return heapUsed;
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

/** `count` small Markdown files. */
export function makeFiles(count) {
  return Array.from({ length: count }, (_, index) => ({
    name: `document-${String(index).padStart(5, '0')}.md`,
    content: `# Document ${index}\n\nA paragraph of some words.\n`,
  }));
}

/** Creates a batch, and waits until it and all of its jobs are COMPLETED. */
export async function createCompletedBatch({ emulator, llamacloud }, count) {
  const directory = await emulator.addDirectory(makeFiles(count));
  const { id } = await llamacloud.createBatch({ sourceDirectoryId: directory.id, job: JOB });
  const { results } = await llamacloud.getBatch(id, { expand: ['results'] });
  const jobs = results.map((row) => ({
    fileId: row.source_directory_file_id,
    jobId: row.job_reference.id,
    batchId: id,
  }));
  while (emulator.jobs.list().some((job) => job.batchId === id && job.status !== 'COMPLETED')) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { id, directoryId: directory.id, jobs };
}

/** Every event of a run and of the runs that it continued as, and the size of their histories in bytes. */
export async function fetchHistory(client, workflowId, firstRunId) {
  const events = [];
  let bytes = 0;
  for (let runId = firstRunId; runId; ) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const history = (await handle.fetchHistory()).events ?? [];
    events.push(...history);
    bytes += Number((await handle.describe()).raw.workflowExecutionInfo?.historySizeBytes ?? 0);
    runId = history.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return { events, bytes };
}

/** The time of an event, in ms of the epoch. */
export function eventTimeMs({ eventTime }) {
  return Number(eventTime.seconds) * 1_000 + eventTime.nanos / 1e6;
}

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
