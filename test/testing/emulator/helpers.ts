import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import {
  type EmulatorOptions,
  type LlamaCloudEmulator,
  type ResultRow,
  startLlamaCloudEmulator,
} from '../../../src/testing/emulator/index.js';

/** An emulator without any waits, which ends with the test. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<LlamaCloudEmulator> {
  const emulator = await startLlamaCloudEmulator({ ...INSTANT, seed: 1, ...options });
  onTestFinished(() => emulator.close());
  return emulator;
}

/** Every phase takes no time: a batch is COMPLETED when it is created. */
export const INSTANT = { batchPendingMs: 0, batchRunningMs: 0, jobPendingMs: 0, jobRunningMs: 0 };

/** What tests read of the bodies; the contract tests check their whole shapes. */
export interface AnswerBody {
  readonly id: string;
  readonly status: string;
  readonly project_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly error_message: string | null;
  readonly detail: string & readonly { readonly loc: readonly unknown[] }[];
  readonly items: readonly AnswerBody[] & { readonly pages: readonly { readonly items: readonly unknown[] }[] };
  readonly display_name: string;
  readonly next_page_token: string | null;
  readonly results: readonly ResultRow[] | null;
  readonly job: AnswerBody;
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

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnswerBody;
}

/** A request with the key. The answer's body is parsed. */
export async function call(
  emulator: LlamaCloudEmulator,
  path: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(emulator.url + path, {
    method: init.method ?? 'GET',
    headers: { authorization: `Bearer ${emulator.apiKey}`, ...init.headers },
    ...(init.body === undefined ? {} : { body: typeof init.body === 'string' ? init.body : JSON.stringify(init.body) }),
  });
  const body: AnswerBody = JSON.parse(await response.text());
  return { status: response.status, headers: response.headers, body };
}

export function createRequest(directoryId: string, type = 'parse_v2', configurationId = 'cfg-PARSE_AGENTIC') {
  return { source_directory_id: directoryId, config: { job: { type, configuration_id: configurationId } } };
}

/** Creates a batch over a directory and gives its id. */
export async function createBatch(
  emulator: LlamaCloudEmulator,
  directoryId: string,
  type: 'parse_v2' | 'extract_v2' = 'parse_v2',
): Promise<string> {
  const configurationId = type === 'parse_v2' ? 'cfg-PARSE_AGENTIC' : 'cfg-EXTRACT_AGENTIC';
  const body = createRequest(directoryId, type, configurationId);
  const answer = await call(emulator, '/api/v2/batches', { method: 'POST', body });
  if (answer.status !== 201) throw new Error(`create answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}

/** Runs one batch over some files and gives its jobs' answers by file name, once every one has ended. */
export async function runJobs(
  emulator: LlamaCloudEmulator,
  source: Parameters<LlamaCloudEmulator['addDirectory']>[0],
  query = '',
  type: 'parse_v2' | 'extract_v2' = 'parse_v2',
): Promise<Map<string, Answer>> {
  const directory = await emulator.addDirectory(source);
  const batchId = await createBatch(emulator, directory.id, type);
  const jobs = emulator.jobs.list().filter((job) => job.batchId === batchId);
  await allEnded(emulator, batchId);
  const answers = new Map<string, Answer>();
  for (const { id, fileName } of jobs) {
    answers.set(fileName, await call(emulator, `/api/v2/${type === 'parse_v2' ? 'parse' : 'extract'}/${id}${query}`));
  }
  return answers;
}

/** How long a condition is awaited: far longer than it takes, since the machine may have other things to do. */
export const PATIENCE = { timeout: 25_000, interval: 5 };

/** An expectation that may take a while to come true. */
export function eventually<T>(value: () => T) {
  return expect.poll(value, PATIENCE);
}

/** Waits until every job of a batch has ended. */
export async function allEnded(emulator: LlamaCloudEmulator, batchId: string): Promise<void> {
  await vi.waitFor(() => {
    const open = emulator.jobs.list().filter((job) => job.batchId === batchId && !isEnded(job.status));
    if (open.length > 0) throw new Error(`${open.length} jobs are still open`);
  }, PATIENCE);
}

function isEnded(status: string | null): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'emulator-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Puts the clock in the test's hands: it stands still until `vi.setSystemTime`. Real timers go on. */
export function holdClock(atMs = Date.UTC(2026, 0, 1)): (ms: number) => void {
  vi.useFakeTimers({ toFake: ['Date'], now: atMs });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return (ms) => vi.setSystemTime(Date.now() + ms);
}
