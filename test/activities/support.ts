import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { onTestFinished } from 'vitest';
import { createActivities } from '../../src/activities/index.js';
import { LlamaCloudClient } from '../../src/llamacloud/index.js';
import type { OutputStore } from '../../src/outputs/index.js';
import { DirectoryStore } from '../../src/outputs/index.js';
import { DEFAULT_POLL } from '../../src/protocol/index.js';
import {
  ADVERSE_CONDITIONS,
  type EmulatorOptions,
  type Fault,
  startLlamaCloudEmulator,
} from '../../src/testing/emulator/index.js';

export interface ActivityEnvironmentOptions {
  emulator?: EmulatorOptions;
  /** Time for one request, in milliseconds. */
  timeoutMs?: number;
  outputs?: OutputStore;
  /** Default: that of the emulator. */
  baseUrl?: string;
  /** How long the list of batches may lag, in milliseconds. Default: the product's. */
  listLagMs?: number;
  requestsPerSecond?: number;
  webhook?: { url: string; secret: string };
}

/** The real activities against the emulator and a folder. All of it ends with the test. */
export async function startActivityEnvironment({
  emulator: options,
  timeoutMs,
  outputs: given,
  baseUrl,
  listLagMs,
  requestsPerSecond,
  webhook,
}: ActivityEnvironmentOptions = {}) {
  const emulator = await startLlamaCloudEmulator({ seed: 7, ...ADVERSE_CONDITIONS, ...INSTANT, ...options });
  onTestFinished(() => emulator.close());
  const output = await mkdtemp(join(tmpdir(), 'activities-test-'));
  onTestFinished(() => rm(output, { recursive: true, force: true }));
  const llamacloud = new LlamaCloudClient({
    apiKey: emulator.apiKey,
    baseUrl: baseUrl ?? emulator.url,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const outputs = given ?? new DirectoryStore(output);
  const activities = createActivities({
    llamacloud,
    outputs,
    ...(listLagMs === undefined ? {} : { listLagMs }),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    ...(webhook === undefined ? {} : { webhook }),
  });
  return { emulator, llamacloud, output, outputs, activities };
}

export type ActivityEnvironment = Awaited<ReturnType<typeof startActivityEnvironment>>;

/** A batch is COMPLETED, and its jobs as soon as they are parsed. */
export const INSTANT = { batchPendingMs: 0, batchRunningMs: 0, jobPendingMs: 0, jobRunningMs: 0 };

/** What the context of an activity says. */
export interface Attempt {
  /** Default 1. */
  number?: number;
  /** Since the first attempt was scheduled, in milliseconds. Default 0. */
  ageMs?: number;
  /** `scheduleToCloseTimeout`, in milliseconds. Default: none. */
  deadlineMs?: number;
  /** Heartbeat details of the attempt before. */
  heartbeatDetails?: unknown;
  /** Client of the worker. Default: one that finds no workflow. */
  client?: Client;
}

const NO_WORKFLOWS = {
  withAbortSignal: (_signal: AbortSignal, run: () => unknown) => run(),
  workflow: {
    getHandle: (workflowId: string) => ({
      fetchHistory: () => Promise.reject(new WorkflowNotFoundError('there is none', workflowId, undefined)),
    }),
  },
} as unknown as Client;

export function createContext({
  number = 1,
  ageMs = 0,
  deadlineMs = 0,
  heartbeatDetails,
  client = NO_WORKFLOWS,
}: Attempt = {}) {
  const nowMs = Date.now();
  return new MockActivityEnvironment(
    {
      attempt: number,
      scheduledTimestampMs: nowMs - ageMs,
      currentAttemptScheduledTimestampMs: nowMs,
      scheduleToCloseTimeoutMs: deadlineMs,
      heartbeatDetails,
    },
    { logger: new DefaultLogger('ERROR'), client },
  );
}

type Activity<I, O> = (input: I) => Promise<O>;

/** Runs one attempt of an activity. */
export function run<I, O>(activity: Activity<I, O>, input: NoInfer<I>, attempt: Attempt = {}): Promise<O> {
  return runIn(createContext(attempt), activity, input);
}

export function runIn<I, O>(context: MockActivityEnvironment, activity: Activity<I, O>, input: I): Promise<O> {
  return context.run<[], O, () => Promise<O>>(() => activity(input));
}

/**
 * Runs attempts until one succeeds, each with the heartbeat details of the one before. Does not wait between them.
 *
 * @param onAttempt Called after each attempt.
 */
export async function runAttempts<I, O>(
  activity: Activity<I, O>,
  input: NoInfer<I>,
  onAttempt: (error: unknown, heartbeatDetails: unknown) => void = () => undefined,
): Promise<O> {
  let heartbeatDetails: unknown;
  for (let number = 1; ; number++) {
    const context = createContext({ number, heartbeatDetails });
    context.on('heartbeat', (details: unknown) => {
      heartbeatDetails = details;
    });
    try {
      const value = await runIn(context, activity, input);
      onAttempt(undefined, heartbeatDetails);
      return value;
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.nonRetryable === true) throw error;
      onAttempt(error, heartbeatDetails);
    }
    await setImmediate();
  }
}

/** Runs one attempt that has to fail, and returns its failure. */
export function failing<I>(
  activity: Activity<I, unknown>,
  input: NoInfer<I>,
  attempt: Attempt = {},
): Promise<ApplicationFailure> {
  return failureOf(run(activity, input, attempt));
}

export async function failureOf(attempt: Promise<unknown>): Promise<ApplicationFailure> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof ApplicationFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** The delay that a failure asks for, in milliseconds. */
export function delayOf({ nextRetryDelay }: ApplicationFailure): number {
  if (typeof nextRetryDelay !== 'number') throw new Error(`no delay: ${nextRetryDelay}`);
  return nextRetryDelay;
}

/** Awaits a condition, also while the timers are in the test's hands. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

/** Three small files, in a directory of the emulator. */
export function addDirectory({ emulator }: ActivityEnvironment) {
  return emulator.addDirectory([
    { name: 'a.md', content: '# A\n' },
    { name: 'b.md', content: '# B\n' },
    { name: 'c.md', content: '# C\n' },
  ]);
}

/** A batch over three files, made without the activities. Nothing of it is in `requests`. */
export async function addBatch(env: ActivityEnvironment, type: 'parse_v2' | 'extract_v2' = 'parse_v2') {
  const directory = await addDirectory(env);
  const configurationId = type === 'parse_v2' ? 'cfg-PARSE_AGENTIC' : 'cfg-EXTRACT_AGENTIC';
  const { id } = await env.llamacloud.createBatch({
    sourceDirectoryId: directory.id,
    job: { type, configurationId },
  });
  const created = env.emulator.requests.length;
  return { id, directory, requests: () => env.emulator.requests.slice(created) };
}

/** Input of `waitForBatch`. */
export function toPollInput(batchId: string, lastStatus: string | null = 'RUNNING', waitedMs = 0) {
  return { batchId, lastStatus, waitingSinceMs: Date.now() - waitedMs, lastPolledAtMs: null, poll: DEFAULT_POLL };
}

/** Meets a fault at a poll of a batch. */
export async function pollThrough(fault: Fault, attempt: Attempt = {}, timeoutMs = 60_000) {
  const env = await startActivityEnvironment({ timeoutMs });
  const batch = await addBatch(env);
  env.emulator.faults.next(fault);
  const failure = await failing(env.activities.waitForBatch, toPollInput(batch.id), attempt);
  return { failure, batchId: batch.id };
}
