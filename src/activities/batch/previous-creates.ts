/**
 * Finds the batch of an earlier `createBatch` workflow, if a person has reset this workflow or the run that it creates for. Read from
 * histories and memos, which do not lag as Temporal's visibility does.
 */
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { HttpStatusError } from '../../llamacloud/index.js';
import {
  type ApiScope,
  BATCH_ID_MEMO,
  type CreatedBatch,
  NOT_FOUND_GRACE_MS,
  PREEXISTING_BATCHES_MEMO,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { type Attempt, runAttempt } from '../support/run-attempt.js';
import { type PreexistingBatches, toOperation } from './find-created-batch.js';
import { type BatchToCreate, hasId, listBatches, toCreatedBatch } from './list-batches.js';
import {
  describeExecution,
  type ExecutionRef,
  findContinuation,
  findLatestExecution,
  readEarlierExecutions,
} from './reset-history.js';

export interface FindPreviousCreatesInput extends BatchToCreate {
  /** The `createBatch` workflow, and the run that it creates for. */
  runs: { create: ExecutionRef; parent: ExecutionRef | null };
  /** As in `FindCreatedBatchInput`. */
  isStopping?: boolean;
}

export interface PreviousCreates {
  /** The batch that was created, unless it is gone, FAILED or CANCELLED: then another one is created. */
  batch: CreatedBatch | null;
  /**
   * What was there before the first POST whose batch is not known, and the batches that are FAILED or CANCELLED by now: a person who resets
   * a run wants none of these. `null` without such a POST.
   */
  preexisting: PreexistingBatches | null;
}

/** `GET /api/v2/batches/{id}` where there is a batch, and `GET /api/v2/batches` where it is not known. */
export function findPreviousCreates(deps: ActivityDeps) {
  return (input: FindPreviousCreatesInput): Promise<PreviousCreates> => {
    const { scope, runs } = input;
    return runAttempt(toOperation(input), `earlier runs of ${runs.create.workflowId}`, async (attempt) => {
      const { client } = Context.current();
      let preexisting: PreexistingBatches | null = null;
      for (const previousRun of await listPreviousCreates(client, runs)) {
        const memo = await readMemo(client, previousRun);
        const listed = memo?.[PREEXISTING_BATCHES_MEMO];
        const batchId = memo?.[BATCH_ID_MEMO];
        const batch = typeof batchId === 'string' ? await findUsableBatch(deps, batchId, scope, attempt) : null;
        // Others may have created batches since this one ended: what was listed before it is out of date.
        if (typeof batchId === 'string' && batch === null) break;
        if (isPreexistingBatches(listed)) preexisting = listed;
        if (batch !== null) return { batch, preexisting };
      }
      return { batch: null, preexisting: preexisting && (await addUnusable(deps, input, preexisting, attempt.signal)) };
    });
  };
}

async function addUnusable(
  deps: ActivityDeps,
  input: FindPreviousCreatesInput,
  preexisting: PreexistingBatches,
  signal: AbortSignal,
): Promise<PreexistingBatches> {
  const batches = await listBatches(deps, input, preexisting.sinceMs, signal);
  const unusable = batches.filter(hasId).filter(({ status }) => !isUsable(status));
  return { ...preexisting, batchIds: [...new Set([...preexisting.batchIds, ...unusable.map(({ id }) => id)])] };
}

function isUsable(status: string): boolean {
  return status !== 'FAILED' && status !== 'CANCELLED';
}

async function readMemo(client: Client, { workflowId, runId }: ExecutionRef) {
  return (await describeExecution(client, workflowId, runId))?.memo;
}

/** Lists the last executions of earlier `createBatch` workflows for this run, latest first. */
async function listPreviousCreates(
  client: Client,
  { create, parent }: FindPreviousCreatesInput['runs'],
): Promise<ExecutionRef[]> {
  const earlier = await readEarlierExecutions(client, create);
  // These were reset to the caller itself.
  const own = await Promise.all(earlier.map(({ execution }) => findContinuation(client, execution)));
  if (parent === null) return own;
  const before = await listCreatesBeforeReset(client, parent);
  return [...own, ...(await Promise.all(before.map((started) => findLatestExecution(client, started))))];
}

/** Lists the `createBatch` workflows that a run has started before a person reset it, latest first: the first run id of each. */
export async function listCreatesBeforeReset(client: Client, parent: ExecutionRef): Promise<ExecutionRef[]> {
  const creates: ExecutionRef[] = [];
  for (const { history } of await readEarlierExecutions(client, parent)) {
    for (const { childWorkflowExecutionStartedEventAttributes: started } of history.toReversed()) {
      const { workflowId, runId } = started?.workflowExecution ?? {};
      if (started?.workflowType?.name === WORKFLOW_TYPES.createBatch && workflowId && runId)
        creates.push({ workflowId, runId });
    }
  }
  return creates;
}

/** Gets a batch that was created before a reset. `null` if it is FAILED, CANCELLED or gone. */
export async function findUsableBatch(
  { llamacloud }: ActivityDeps,
  batchId: string,
  scope: ApiScope,
  { signal, failingMs }: Pick<Attempt, 'signal' | 'failingMs'>,
): Promise<CreatedBatch | null> {
  try {
    const batch = await llamacloud.getBatch(batchId, { ...scope, signal });
    return isUsable(batch.status) ? { ...toCreatedBatch(batch), batchId } : null;
  } catch (error) {
    const isNotFound = error instanceof HttpStatusError && error.status === 404;
    // A single 404 may be a mistake, and a second batch costs money.
    if (!isNotFound || failingMs('NotFound') < NOT_FOUND_GRACE_MS) throw error;
    return null;
  }
}

function isPreexistingBatches(value: unknown): value is PreexistingBatches {
  return typeof value === 'object' && value !== null && 'sinceMs' in value && 'batchIds' in value;
}
