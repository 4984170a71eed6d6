import {
  type LlamaCloudEmulator,
  type RecordedRequest,
  startLlamaCloudEmulator,
} from '../../../../src/testing/emulator/index.js';
import { type CliResult, cli, readJson } from '../../cli-process.js';

/** The key of the emulator, which no output may have. It does not look like a key of LlamaCloud. */
export const KEY = 'planted-key-0123456789';
export const CONFIG = '{job: {configuration_id: cfg-PARSE_AGENTIC, type: parse_v2}}';
/** `create` over dir-1. */
export const CREATE = ['create', '--source-directory-id', 'dir-1', '--config', CONFIG];

/** A batch as the command prints it. */
export interface PrintedBatch {
  readonly id: string;
  readonly status: string;
}

export interface PrintedPage {
  readonly items: readonly PrintedBatch[];
  readonly next_page_token: string | null;
}

/** An emulator with the directories dir-1 and dir-2. Nothing in it ends by itself. */
export interface BatchesEnvironment {
  readonly emulator: LlamaCloudEmulator;
  readonly env: Record<string, string>;
  /** Runs `batches` with its output in a pipe. */
  run(...args: string[]): Promise<CliResult>;
  runInTerminal(...args: string[]): Promise<CliResult>;
  createBatch(directoryId?: string): Promise<PrintedBatch>;
  /** The result of `batches` in a pipe, and the requests that it has sent. */
  runRecorded(...args: string[]): Promise<{ result: CliResult; requests: readonly RecordedRequest[] }>;
}

export async function startBatchesEnvironment(): Promise<BatchesEnvironment> {
  const slow = { batchPendingMs: 3_600_000, batchRunningMs: 3_600_000, jobRunningMs: 3_600_000 };
  const emulator = await startLlamaCloudEmulator({ seed: 7, apiKey: KEY, ...slow });
  for (const id of ['dir-1', 'dir-2']) await emulator.addDirectory([{ name: 'a.txt', content: 'text' }], { id });
  const env = { LLAMA_CLOUD_API_KEY: KEY, LLAMA_CLOUD_BASE_URL: emulator.url };
  const run = (...args: string[]) => cli(['batches', ...args], env);
  return {
    emulator,
    env,
    run,
    runInTerminal: (...args) => cli(['batches', ...args], env, { isTTY: true }),
    createBatch: async (directoryId = 'dir-1') =>
      readJson<PrintedBatch>(await run('create', '--source-directory-id', directoryId, '--config', CONFIG)),
    runRecorded: async (...args) => {
      const before = emulator.requests.length;
      const result = await run(...args);
      return { result, requests: emulator.requests.slice(before) };
    },
  };
}
