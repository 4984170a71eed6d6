/**
 * What a `createBatch` workflow can't see in its own history: that a person has reset it, or the run that it creates for. Then
 * there may be a batch already. Temporal's histories and memos say so, which unlike its visibility do not lag.
 */
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { type ApiScope, BATCH_ID_MEMO, PREEXISTING_BATCHES_MEMO, WORKFLOW_TYPES } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { type CreatedBatch, getBatchIfThere, type ListedBatches } from './create-batch.js';
import { toStatus } from './wait-for-batch.js';

/** One execution of a workflow. */
export interface WorkflowRun {
  workflowId: string;
  runId: string;
}

export interface EarlierCreatesInput {
  scope: ApiScope;
  /** The `createBatch` workflow, and the run that it creates for. */
  runs: { create: WorkflowRun; parent: WorkflowRun | null };
}

export interface EarlierCreates {
  /** The batch that was created, unless it has ended without results: then another one is wanted. */
  batch: CreatedBatch | null;
  /** What was there before the first create of which nothing else is known; `null` where there is none. */
  preexisting: ListedBatches | null;
}

/** Finds what earlier executions of this create have made. `GET /api/v2/batches/{id}` where there is a batch. */
export function findEarlierCreates(deps: ActivityDeps) {
  return ({ scope, runs }: EarlierCreatesInput): Promise<EarlierCreates> =>
    runAttempt('read', `earlier creates of ${runs.create.workflowId}`, async ({ signal }) => {
      const { client } = Context.current();
      let preexisting: ListedBatches | null = null;
      for (const create of await earlierCreates(client, runs)) {
        const memo = await readMemo(client, create);
        const listed = memo?.[PREEXISTING_BATCHES_MEMO];
        const batchId = memo?.[BATCH_ID_MEMO];
        const batch = typeof batchId === 'string' ? await usableBatch(deps, batchId, scope, signal) : null;
        // Since a batch that has ended badly others may have created theirs: what is there now counts.
        if (typeof batchId === 'string' && batch === null) break;
        if (isListedBatches(listed)) preexisting = listed;
        if (batch !== null) return { batch, preexisting };
      }
      return { batch: null, preexisting };
    });
}

async function readMemo(client: Client, { workflowId, runId }: WorkflowRun) {
  const description = await ifThere(() => client.workflow.getHandle(workflowId, runId).describe());
  return description?.memo;
}

/** The executions of the create before this one, latest first. */
async function earlierCreates(client: Client, { create, parent }: EarlierCreatesInput['runs']): Promise<WorkflowRun[]> {
  const creates = (await resetRuns(client, create)).map(({ run }) => run);
  for (const { history } of parent === null ? [] : await resetRuns(client, parent)) {
    for (const { childWorkflowExecutionStartedEventAttributes: started } of history.toReversed()) {
      const { workflowId, runId } = started?.workflowExecution ?? {};
      if (started?.workflowType?.name === WORKFLOW_TYPES.createBatch && workflowId && runId)
        creates.push({ workflowId, runId });
    }
  }
  return creates;
}

/** A person who resets again and again: the runs before these are forgotten. */
const MAX_RESETS = 50;

/** The runs that this one was reset from, latest first. */
async function resetRuns(client: Client, { workflowId, runId }: WorkflowRun) {
  const runs: { run: WorkflowRun; history: Awaited<ReturnType<typeof fetchEvents>> }[] = [];
  let history = await fetchEvents(client, { workflowId, runId });
  while (runs.length < MAX_RESETS) {
    const baseRunId = baseRunOf(history);
    if (baseRunId === undefined) return runs;
    const run = { workflowId, runId: baseRunId };
    history = await fetchEvents(client, run);
    runs.push({ run, history });
  }
  return runs;
}

async function fetchEvents(client: Client, { workflowId, runId }: WorkflowRun) {
  return (await ifThere(() => client.workflow.getHandle(workflowId, runId).fetchHistory()))?.events ?? [];
}

/** Nothing of a run that Temporal has no more: its retention is over, or a person has deleted it. */
async function ifThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** A reset copies the events before it, earlier resets included, and then adds its own. */
function baseRunOf(history: Awaited<ReturnType<typeof fetchEvents>>): string | undefined {
  const resets = history.map(({ workflowTaskFailedEventAttributes: failed }) =>
    failed?.newRunId ? failed.baseRunId : undefined,
  );
  return resets.findLast((baseRunId) => Boolean(baseRunId)) ?? undefined;
}

async function usableBatch(
  deps: ActivityDeps,
  batchId: string,
  scope: ApiScope,
  signal: AbortSignal,
): Promise<CreatedBatch | null> {
  const status = (await getBatchIfThere(deps, batchId, scope, signal))?.status;
  const isUsable = status !== undefined && status !== 'FAILED' && status !== 'CANCELLED';
  return isUsable ? { batchId, status: toStatus(status) } : null;
}

function isListedBatches(value: unknown): value is ListedBatches {
  return typeof value === 'object' && value !== null && 'sinceMs' in value && 'batchIds' in value;
}
