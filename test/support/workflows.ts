/** The workflow module of an application: ours, and a child of its own that stands in for `processJob`. */
import { ApplicationFailure, condition, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import type { JobOutcome, ProcessJobInput } from '../../src/index.js';
import { processJob } from '../../src/workflows/index.js';

export * from '../../src/workflows/index.js';

/** Collects as usual, then does something more; fails for one file in a way of its own. */
export async function indexDocument(input: ProcessJobInput): Promise<JobOutcome> {
  if (input.name === 'reject.md') throw ApplicationFailure.nonRetryable('not for the index', 'NotIndexed');
  const document = await processJob(input);
  return { ...document, output: `indexed on ${workflowInfo().taskQueue}` };
}

/** A child that says nothing about a document. */
export async function countDocument(): Promise<number> {
  return 42;
}

/** A child that fails at length. */
export async function complain(): Promise<never> {
  throw ApplicationFailure.nonRetryable('äöü'.repeat(8_000), 'Complaint');
}

/** A child that takes its time: until it is told that it may end. */
export async function holdDocument(): Promise<void> {
  let released = false;
  setHandler(defineSignal('release'), () => {
    released = true;
  });
  await condition(() => released);
}
