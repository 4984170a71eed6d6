import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { waitForEarlierChild } from '../../../src/activities/batch/earlier-child.js';
import { BATCH_ID_MEMO, PREEXISTING_BATCHES_MEMO } from '../../../src/protocol/index.js';
import { TARGETS } from '../../../src/testing/emulator/index.js';
import { addDirectory, failing, run, startActivityEnvironment } from '../support.js';
import { create, PARSE, setWork } from './support.js';

const MINUTE_MS = 60_000;
const workflowId = 'llamacloud/dir-1';

interface Described {
  firstRunId?: string;
  batchId?: string;
  preexisting?: object;
  status?: string;
  isClosed?: boolean;
  history?: object[];
}

/** A client of a server that has these runs by their run id. `latest` is the one that is found without a run id. */
function clientOf(runs: Record<string, Described>): Client {
  const getHandle = (id: string, runId = id === workflowId ? 'latest' : 'parent') => {
    const found = () => {
      const described = runs[runId];
      if (described === undefined) throw new WorkflowNotFoundError('there is none', id, runId);
      return described;
    };
    return {
      describe: async () => {
        const { firstRunId = runId, batchId, preexisting, status = 'RUNNING', isClosed = false } = found();
        return {
          runId,
          status: { name: status },
          ...(isClosed ? { closeTime: new Date() } : {}),
          memo: {
            ...(batchId === undefined ? {} : { [BATCH_ID_MEMO]: batchId }),
            ...(preexisting === undefined ? {} : { [PREEXISTING_BATCHES_MEMO]: preexisting }),
          },
          raw: {
            workflowExecutionInfo: {
              firstRunId,
              parentExecution: { workflowId: 'test', runId: 'parent' },
            },
          },
        };
      },
      fetchHistory: async () => ({ events: found().history ?? [] }),
    };
  };
  const withAbortSignal = (_signal: AbortSignal, call: () => unknown) => call();
  return { withAbortSignal, workflow: { getHandle } } as unknown as Client;
}

async function createdBatch() {
  const env = await startActivityEnvironment();
  const { id: sourceDirectoryId } = await addDirectory(env);
  const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
  return { ...env, batchId: (await env.llamacloud.createBatch({ sourceDirectoryId, job })).id };
}

const parent = { firstRunId: 'first' };
const since = (ms: number) => ({ failingSinceMs: { NotFound: Date.now() - ms } });

describe('a batch from before a reset', () => {
  test('of a createBatch is not given up after one 404, and is after a minute of them', async () => {
    const { activities, emulator, batchId } = await createdBatch();
    const history = [{ workflowTaskFailedEventAttributes: { newRunId: 'latest', baseRunId: 'base' } }];
    const client = clientOf({ latest: { history }, base: { batchId } });
    const input = {
      directoryId: 'dir-1',
      job: PARSE,
      scope: {},
      runs: { create: { workflowId, runId: 'latest' }, parent: null },
    };
    emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.getBatch, times: 2 });
    const failure = await failing(activities.findPreviousCreates, input, { client });
    expect(failure).toMatchObject({ type: 'NotFound', nonRetryable: false });
    const later = { client, heartbeatDetails: since(MINUTE_MS) };
    expect((await run(activities.findPreviousCreates, input, later)).batch).toBeNull();
    expect((await run(activities.findPreviousCreates, input, { client })).batch).toMatchObject({ batchId });
  });

  test('of a lost POST is not taken if it is CANCELLED by now: a person who resets the run wants another one', async () => {
    const { env, work, list } = await setWork({
      emulator: { unusualBatches: false, batchRunningMs: 3_600_000, batchCancelMs: 0 },
    });
    const preexisting = await list();
    const cancelled = await create(env, work.directoryId);
    await env.llamacloud.cancelBatch(cancelled.id);
    const open = await create(env, work.directoryId);
    const history = [{ workflowTaskFailedEventAttributes: { newRunId: 'latest', baseRunId: 'base' } }];
    const client = clientOf({ latest: { history }, base: { preexisting } });
    const input = { ...work, runs: { create: { workflowId, runId: 'latest' }, parent: null } };
    const previous = await run(env.activities.findPreviousCreates, input, { client });
    expect(previous).toEqual({ batch: null, preexisting: { ...preexisting, batchIds: [cancelled.id] } });
    const find = { ...work, preexisting: previous.preexisting ?? preexisting, wait: false };
    expect(await run(env.activities.findCreatedBatch, find)).toMatchObject({ batchId: open.id });
  });

  test('of a createBatch that has continued as new is found', async () => {
    const { activities, batchId } = await createdBatch();
    const reset = [{ workflowTaskFailedEventAttributes: { newRunId: 'latest', baseRunId: 'base' } }];
    const child = { workflowType: { name: 'createBatch' }, workflowExecution: { workflowId, runId: 'create' } };
    const client = clientOf({
      'this create': {},
      latest: { history: reset },
      base: { history: [{ childWorkflowExecutionStartedEventAttributes: child }] },
      create: {
        history: [{ workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId: 'continued' } }],
      },
      continued: { batchId },
    });
    const runs = { create: { workflowId, runId: 'this create' }, parent: { workflowId: 'run', runId: 'latest' } };
    const input = { directoryId: 'dir-1', job: PARSE, scope: {}, runs };
    expect((await run(activities.findPreviousCreates, input, { client })).batch).toMatchObject({ batchId });
  });

  test('of a child is not given up after one 404, and is after a minute of them', async () => {
    const { activities, emulator, batchId } = await createdBatch();
    const client = clientOf({ latest: { batchId, isClosed: true }, parent });
    const input = { scope: {}, workflowId, firstRunId: 'first' };
    emulator.faults.next({ kind: 'status', status: 404, ...TARGETS.getBatch, times: 2 });
    const failure = await failing(activities.findEarlierChild, input, { client });
    expect(failure).toMatchObject({ type: 'NotFound', nonRetryable: false });
    const later = { client, heartbeatDetails: since(MINUTE_MS) };
    expect(await run(activities.findEarlierChild, input, later)).toMatchObject({ batchId: null });
    expect(await run(activities.findEarlierChild, input, { client })).toMatchObject({ batchId });
  });
});

describe('a child from before a reset', () => {
  test('is open while it is paused', async () => {
    const { activities } = await startActivityEnvironment();
    const client = clientOf({ latest: { status: 'PAUSED' }, parent });
    const found = await run(activities.findEarlierChild, { scope: {}, workflowId, firstRunId: 'first' }, { client });
    expect(found).toMatchObject({ isOpen: true });
    const waiting = await failing(waitForEarlierChild, { workflowId }, { client });
    expect(waiting).toMatchObject({ type: 'ChildNotReady', nonRetryable: false });
  });

  test('is waited for, and not the workflow that somebody has started with its id since then', async () => {
    const client = clientOf({ latest: { firstRunId: 'child' } });
    const waiting = await failing(waitForEarlierChild, { workflowId, firstRunId: 'child' }, { client });
    expect(waiting).toMatchObject({ type: 'ChildNotReady', nonRetryable: false });
    const stranger = clientOf({ latest: { firstRunId: 'stranger' } });
    await run(waitForEarlierChild, { workflowId, firstRunId: 'child' }, { client: stranger });
  });
});
