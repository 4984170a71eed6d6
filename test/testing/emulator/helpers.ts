import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import {
  type EmulatedResultRow,
  type EmulatorOptions,
  type LlamaCloudEmulator,
  startLlamaCloudEmulator,
} from '../../../src/testing/emulator/index.js';

/** Starts an emulator whose batches and jobs end at once. It is closed after the test. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<LlamaCloudEmulator> {
  const emulator = await startLlamaCloudEmulator({ ...INSTANT, seed: 1, ...options });
  onTestFinished(() => emulator.close());
  return emulator;
}

/** Durations of 0: a batch is COMPLETED when it is created. */
export const INSTANT = { batchPendingMs: 0, batchRunningMs: 0, jobPendingMs: 0, jobRunningMs: 0 };

/** The fields of response bodies that tests read. The contract tests check the complete shapes. */
export interface ResponseBody {
  readonly id: string;
  readonly status: string;
  readonly project_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly error_message: string | null;
  readonly detail: string & readonly { readonly loc: readonly unknown[] }[];
  readonly items: readonly ResponseBody[] & { readonly pages: readonly { readonly items: readonly unknown[] }[] };
  readonly display_name: string;
  readonly next_page_token: string | null;
  readonly results: readonly EmulatedResultRow[] | null;
  readonly job: ResponseBody;
  readonly usage: { readonly credits: number | null } | null;
  readonly markdown: { readonly pages: readonly { readonly markdown: string }[] } | null;
  readonly text: { readonly pages: readonly { readonly text: string }[] } | null;
  readonly markdown_full: string | null;
  readonly text_full: string | null;
  readonly result_content_metadata: Readonly<Record<string, ContentMetadata>> | null;
  readonly extract_result: unknown;
}

export interface ContentMetadata {
  readonly size_bytes: number;
  readonly exists: boolean;
  readonly presigned_url: string;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ResponseBody;
}

/** Sends a request with the API key and parses the body of the response. */
export async function call(
  emulator: LlamaCloudEmulator,
  path: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<ApiResponse> {
  const response = await fetch(emulator.url + path, {
    method: init.method ?? 'GET',
    headers: { authorization: `Bearer ${emulator.apiKey}`, ...init.headers },
    ...(init.body === undefined ? {} : { body: typeof init.body === 'string' ? init.body : JSON.stringify(init.body) }),
  });
  const body: ResponseBody = JSON.parse(await response.text());
  return { status: response.status, headers: response.headers, body };
}

export function createRequest(directoryId: string, type = 'parse_v2', configurationId = 'cfg-PARSE_AGENTIC') {
  return { source_directory_id: directoryId, config: { job: { type, configuration_id: configurationId } } };
}

/** Creates a batch over a directory and returns its id. */
export async function createBatch(
  emulator: LlamaCloudEmulator,
  directoryId: string,
  type: 'parse_v2' | 'extract_v2' = 'parse_v2',
): Promise<string> {
  const configurationId = type === 'parse_v2' ? 'cfg-PARSE_AGENTIC' : 'cfg-EXTRACT_AGENTIC';
  const body = createRequest(directoryId, type, configurationId);
  const response = await call(emulator, '/api/v2/batches', { method: 'POST', body });
  if (response.status !== 201) throw new Error(`create: ${response.status} ${JSON.stringify(response.body)}`);
  return response.body.id;
}

/** Runs a batch over some files, and returns the response for each job by file name once all have ended. */
export async function runJobs(
  emulator: LlamaCloudEmulator,
  source: Parameters<LlamaCloudEmulator['addDirectory']>[0],
  query = '',
  type: 'parse_v2' | 'extract_v2' = 'parse_v2',
): Promise<Map<string, ApiResponse>> {
  const directory = await emulator.addDirectory(source);
  const batchId = await createBatch(emulator, directory.id, type);
  const jobs = emulator.jobs.list().filter((job) => job.batchId === batchId);
  await waitForJobs(emulator, batchId);
  const responses = new Map<string, ApiResponse>();
  for (const { id, fileName } of jobs) {
    responses.set(fileName, await call(emulator, `/api/v2/${type === 'parse_v2' ? 'parse' : 'extract'}/${id}${query}`));
  }
  return responses;
}

/** How long to wait for a condition: far longer than it takes, so that no test needs a quick machine. */
export const WAIT_OPTIONS = { timeout: 90_000, interval: 5 };

/** An expectation that is retried until it holds. */
export function eventually<T>(value: () => T) {
  return expect.poll(value, WAIT_OPTIONS);
}

/** Waits until every job of a batch has ended. */
export async function waitForJobs(emulator: LlamaCloudEmulator, batchId: string): Promise<void> {
  await vi.waitFor(() => {
    const open = emulator.jobs.list().filter((job) => job.batchId === batchId && !isEnded(job.status));
    if (open.length > 0) throw new Error(`${open.length} jobs are still open`);
  }, WAIT_OPTIONS);
}

function isEnded(status: string | null): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}

/** Creates a folder, which is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'emulator-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
