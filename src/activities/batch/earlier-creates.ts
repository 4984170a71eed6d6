/**
 * What a `createBatch` workflow can't see in its own history: that a person has reset it, or the run that it creates for. Then
 * there may be a batch already. Temporal's histories and memos say so, which unlike its visibility do not lag.
 */
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { type ApiScope, BATCH_ID_MEMO, PREEXISTING_BATCHES_MEMO, WORKFLOW_TYPES } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { type CreatedBatch, getBatchIfThere, type ListedBatches } from './create-batch.js';
import { ifThere, resetRuns, type WorkflowRun } from './resets.js';
import { toStatus } from './wait-for-batch.js';

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
