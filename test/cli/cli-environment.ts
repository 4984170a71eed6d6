import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EmulatedBatch,
  type LlamaCloudEmulator,
  type LocalTemporal,
  type LocalTemporalOptions,
  startLlamaCloudEmulator,
  startLocalTemporal,
} from '../../src/testing/index.js';
import { until } from '../support/until.js';
import { CliProcess, type CliResult, cli } from './cli-process.js';

/** A Temporal server, an emulator with directories, and a worker of the command. */
export interface CliEnvironment {
  readonly temporal: LocalTemporal;
  readonly emulator: LlamaCloudEmulator;
  readonly worker: CliProcess;
  readonly output: string;
  readonly env: Record<string, string>;
  /** Runs the command to its end. */
  run(...args: string[]): Promise<CliResult>;
  /** The batch of a directory, once it is there. */
  batchOf(directoryId: string): Promise<EmulatedBatch>;
  /** Ends the batch of a directory and its jobs. */
  finish(directoryId: string): Promise<void>;
  close(): Promise<void>;
}

/** @param temporalOptions Of its Temporal server. */
export async function startCliEnvironment(temporalOptions: LocalTemporalOptions = {}): Promise<CliEnvironment> {
  const output = await mkdtemp(join(tmpdir(), 'cli-runs-'));
  // Nothing ends by itself: each test ends its batch when it has seen what it wants.
  const emulator = await startLlamaCloudEmulator({ seed: 7, batchRunningMs: 3_600_000, jobRunningMs: 3_600_000 });
  const files = [
    { name: 'good.txt', content: 'text' },
    { name: 'bad.pdf', content: 'no PDF at all' },
  ];
  for (const n of [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]) await emulator.addDirectory(files, { id: `dir-${n}` });
  await emulator.addDirectory(
    Array.from({ length: 5 }, (_, index) => ({ name: `${index}.txt`, content: 'text' })),
    { id: 'dir-8' },
  );
  const temporal = await startLocalTemporal(temporalOptions);
  const env = { TEMPORAL_ADDRESS: temporal.address };
  const worker = new CliProcess(['worker'], {
    env: {
      ...env,
      LLAMA_CLOUD_API_KEY: emulator.apiKey,
      LLAMA_CLOUD_BASE_URL: emulator.url,
      LLAMACLOUD_OUTPUT: output,
    },
  });
  await worker.waitForOutput(/^Polling task queue llamacloud in namespace default/);
  const batchOf = (directoryId: string) =>
    until(`a batch over ${directoryId}`, () =>
      emulator.batches.list().find((batch) => batch.directoryId === directoryId),
    );
  return {
    temporal,
    emulator,
    worker,
    output,
    env,
    run: (...args) => cli(args, env),
    batchOf,
    finish: async (directoryId) => {
      const { id } = await batchOf(directoryId);
      emulator.batches.finish(id);
      emulator.batches.finishJobs(id);
    },
    close: async () => {
      await worker.stop('SIGKILL');
      await temporal.close();
      await emulator.close();
      await rm(output, { recursive: true });
    },
  };
}

/** The arguments that say what to do with a directory. */
export function parseFlags(directoryId: string): string[] {
  return ['--directory', directoryId, '--job', 'parse_v2', '--configuration', 'cfg-PARSE_AGENTIC'];
}
