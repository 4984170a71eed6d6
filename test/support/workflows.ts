/** The workflow module of an application: ours, and a child of its own that stands in for `processJob`. */
import {
  ApplicationFailure,
  condition,
  createNexusServiceClient,
  defineSignal,
  makeContinueAsNewFunc,
  setHandler,
  sleep,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  BatchReport,
  DirectoriesReport,
  JobOutcome,
  ProcessBatchInput,
  ProcessDirectoriesInput,
  ProcessJobInput,
} from '../../src/index.js';
import { llamaCloudService } from '../../src/nexus/service.js';
import type { BatchState } from '../../src/workflows/batch/state.js';
import { pollRestartedByWake } from '../../src/workflows/batch/wake.js';
import { processBatch, processJob } from '../../src/workflows/index.js';
import { ReadyQueue } from '../../src/workflows/shared/ready-queue.js';

export * from '../../src/workflows/index.js';
export { runQueues } from './queue-scenarios.js';

/** Collects as usual, then does something more; fails for one file in a way of its own. */
export async function indexDocument(input: ProcessJobInput): Promise<JobOutcome> {
  if (input.name === 'reject.md') throw ApplicationFailure.nonRetryable('not for the index', 'NotIndexed');
  const document = await processJob(input);
  return { ...document, output: `indexed on ${workflowInfo().taskQueue}, from ${input.directoryId}` };
}

/** A caller in another namespace. */
export function callProcessBatch(endpoint: string, input: ProcessBatchInput): Promise<BatchReport> {
  return createNexusServiceClient({ service: llamaCloudService, endpoint }).executeOperation('processBatch', input);
}

/** The same, over many directories. */
export function callProcessDirectories(endpoint: string, input: ProcessDirectoriesInput): Promise<DirectoriesReport> {
  return createNexusServiceClient({ service: llamaCloudService, endpoint }).executeOperation(
    'processDirectories',
    input,
  );
}

/** A child that says nothing about a document. */
export async function countDocument(): Promise<number> {
  return 42;
}

/** A child that fails at length. */
export async function complain(): Promise<never> {
  throw ApplicationFailure.nonRetryable('äöü'.repeat(40_000), 'Complaint');
}

/** A child that takes its time: until it is told that it may end. */
export async function holdDocument(): Promise<void> {
  let released = false;
  setHandler(defineSignal('release'), () => {
    released = true;
  });
  await condition(() => released);
}

/** Continues as another workflow with whatever state it is given, as one that has come that far. */
export async function resumeAs(workflowType: string, ...args: unknown[]): Promise<never> {
  return makeContinueAsNewFunc({ workflowType })(...args);
}

/** `processBatch`, whose first run has a long history from the start. It continues as new after 4,000 events. */
export async function processBatchLate(input: ProcessBatchInput, continuedState?: BatchState): Promise<BatchReport> {
  if (continuedState === undefined) for (let event = 0; event < 3_500; event++) upsertMemo({ event });
  return processBatch(input, continuedState);
}

/** A child that says odd things of a document, by the name of the file. */
export async function claimDocument({ name = '' }: ProcessJobInput): Promise<unknown> {
  const document = { bytes: 5, sha256: 'abc', credits: 1 };
  switch (name) {
    case 'huge.md':
      return { output: 'x'.repeat(100_000), bytes: 1, sha256: 'y'.repeat(100_000), credits: Number.MAX_VALUE };
    case 'wide.md':
      return { ...document, output: '漢'.repeat(700) };
    case 'control.md':
      return { ...document, output: '\u0007'.repeat(700) };
    case 'fits.md':
      return { ...document, output: '漢'.repeat(330) };
    case 'lone.md':
      return { ...document, output: '/out/\ud800', sha256: '\udc00' };
    case 'nan.md':
      return { ...document, bytes: Number.NaN };
    case 'negative.md':
      return { ...document, output: 'somewhere', bytes: -5 };
    case 'throws.md':
      throw ApplicationFailure.nonRetryable('äöü'.repeat(100_000), 'Complaint'.repeat(1_000));
    default:
      return document;
  }
}

/** Polls twice. A `wake` comes in the same workflow task as what the first poll finds. Returns for each poll whether it was woken. */
export async function pollAfterWake(): Promise<boolean[]> {
  const state = { wakeRequested: false };
  const polls: boolean[] = [];
  const poll = async (isWoken: boolean) => {
    polls.push(isWoken);
    await sleep(1_000);
    state.wakeRequested = polls.length === 1;
    return true;
  };
  await pollRestartedByWake(state, poll);
  await pollRestartedByWake(state, poll);
  return polls;
}

/** Works on so many items, each of which takes as long as its number says, at most `limit` at a time. */
export async function workOnQueue(limit: number, seconds: number[], bugAt = -1): Promise<[number[], number]> {
  const queue = new ReadyQueue<number>(() => limit);
  const finished: number[] = [];
  let running = 0;
  let mostRunning = 0;
  for (const index of seconds.keys()) queue.add(index);
  queue.close();
  await queue.run(
    async (index) => {
      running += 1;
      mostRunning = Math.max(mostRunning, running);
      await sleep(1_000 * (seconds[index] ?? 0));
      if (index === bugAt) throw new TypeError('a bug in workflow code');
      finished.push(index);
      running -= 1;
    },
    () => false,
  );
  return [finished, mostRunning];
}
