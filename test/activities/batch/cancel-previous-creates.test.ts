import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, RetryState, WorkflowNotFoundError } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { cancelPreviousCreates } from '../../../src/activities/batch/cancel-previous-creates.js';
import { MAY_HAVE_LEFT_BATCH } from '../../../src/protocol/index.js';
import { failing, run } from '../support.js';

const BATCH = { batchId: 'bat-1', status: 'CANCELLED' };

interface FakeCreate {
  isOpen: boolean;
  result: () => object;
  /** Run id of the execution that it has continued as new to. */
  continuedAs?: string;
  /** Run id of the execution that a person has reset it to. */
  resetTo?: string;
}

/**
 * A client of a server on which a person has reset the run `latest`. Before the reset, it had started these creates, by their first run id. As
 * Temporal does, `cancel` takes only the first run id of a chain, and succeeds for a workflow that has ended.
 */
function clientOf(creates: Record<string, FakeCreate>): { client: Client; cancelled: string[] } {
  const cancelled: string[] = [];
  const started = Object.keys(creates).map((runId) => ({
    childWorkflowExecutionStartedEventAttributes: {
      workflowType: { name: 'createBatch' },
      workflowExecution: { workflowId: 'create', runId },
    },
  }));
  const histories: Record<string, object[]> = {
    latest: [{ workflowTaskFailedEventAttributes: { newRunId: 'latest', baseRunId: 'base' } }],
    base: started,
  };
  for (const [runId, { continuedAs }] of Object.entries(creates))
    if (continuedAs !== undefined)
      histories[runId] = [{ workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: continuedAs } }];
  const getHandle = (_id: string, runId = '', { firstExecutionRunId = '' } = {}) => {
    const find = (id: string) =>
      Object.entries(creates).find(([first, { continuedAs, resetTo }]) => (resetTo ?? continuedAs ?? first) === id);
    const resetTo = () => Object.entries(creates).find(([first]) => first === runId)?.[1].resetTo;
    return {
      fetchHistory: async () => ({ events: histories[runId] ?? [] }),
      describe: async () => {
        if (resetTo() !== undefined)
          return { runId, memo: {}, closeTime: new Date(), raw: { workflowExtendedInfo: { resetRunId: resetTo() } } };
        const create = find(runId)?.[1];
        if (create === undefined) throw new WorkflowNotFoundError('there is none', 'create', runId);
        return { runId, memo: {}, raw: {}, ...(create.isOpen ? {} : { closeTime: new Date() }) };
      },
      cancel: async () => {
        if (creates[firstExecutionRunId] === undefined) throw new WorkflowNotFoundError('not found', 'create', runId);
        cancelled.push(firstExecutionRunId);
      },
      result: async () => find(runId)?.[1].result(),
    };
  };
  const withAbortSignal = (_signal: AbortSignal, call: () => unknown) => call();
  return { client: { withAbortSignal, workflow: { getHandle } } as unknown as Client, cancelled };
}

const failed =
  (message: string, ...details: unknown[]) =>
  (): object => {
    const cause = ApplicationFailure.nonRetryable(message, 'OutOfCredits', ...details);
    throw new WorkflowFailedError('failed', cause, RetryState.NON_RETRYABLE_FAILURE);
  };
const RUN = { workflowId: 'run', runId: 'latest' };

describe('a createBatch from before a reset', () => {
  test('is cancelled by its first run id, also if it has continued as new', async () => {
    const { client, cancelled } = clientOf({ first: { isOpen: true, continuedAs: 'second', result: () => BATCH } });
    expect(await run(cancelPreviousCreates, RUN, { client })).toEqual(BATCH);
    expect(cancelled).toEqual(['first']);
  });

  test('that a person has reset is cancelled too, and its batch returned', async () => {
    const { client, cancelled } = clientOf({ first: { isOpen: true, resetTo: 'second', result: () => BATCH } });
    expect(await run(cancelPreviousCreates, RUN, { client })).toEqual(BATCH);
    expect(cancelled).toEqual(['first']);
  });

  test('that had failed long ago was not stopped in vain: it is no problem of the stop', async () => {
    const { client, cancelled } = clientOf({ first: { isOpen: false, result: failed('402') } });
    expect(await run(cancelPreviousCreates, RUN, { client })).toBeNull();
    expect(cancelled).toEqual([]);
  });

  test('that had failed long ago, and may have left a batch, is told', async () => {
    const creates = { first: { isOpen: false, result: failed('402. An earlier POST', MAY_HAVE_LEFT_BATCH) } };
    const failure = await failing(cancelPreviousCreates, RUN, { client: clientOf(creates).client });
    expect(failure).toMatchObject({ type: 'OutOfCredits', message: expect.stringContaining('An earlier POST') });
  });

  test('that fails does not hide the batch of an earlier one, and is told if there is none', async () => {
    const open = { isOpen: true, result: failed('a batch may be running') };
    const creates = { earlier: { isOpen: false, result: () => BATCH }, later: open };
    expect(await run(cancelPreviousCreates, RUN, { client: clientOf(creates).client })).toEqual(BATCH);
    const failure = await failing(cancelPreviousCreates, RUN, { client: clientOf({ later: open }).client });
    expect(failure.message).toContain('a batch may be running');
  });
});
