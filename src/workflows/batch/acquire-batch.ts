import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  sleep,
} from '@temporalio/workflow';
import {
  type CreatedBatch,
  createBatchWorkflowId,
  findBatchInFailure,
  type ResolvedBatchInput,
  renderSummary,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import { executeCancellableChild } from '../shared/cancellable-child.js';
import { CANCELLED_WITH_PARENT } from '../shared/child-options.js';
import { untilResumed } from '../shared/control.js';
import { code } from '../shared/details.js';
import { unwrapFailure } from '../shared/unwrap-failure.js';
import type { createBatch } from './create-batch.js';
import { publishBatch, publishDetails, setPhase } from './publish.js';
import type { BatchState } from './state.js';
import { isHistoryLong } from './wake.js';

/**
 * Steps 2 and 3: creates the batch, or adopts the one whose id the input gives, and publishes its id.
 *
 * @returns `null` when the history has grown long while another run had the lock: the run has to continue as new, and wait there.
 */
export async function acquireBatch(state: BatchState, input: ResolvedBatchInput): Promise<string | null> {
  if (state.batchId !== null) return state.batchId;
  const { batchId } = input;
  await untilResumed(state);
  if (batchId === undefined) setPhase(state, 'creating');
  const batch = batchId === undefined ? await createUnderLock(state, input) : { batchId, status: null };
  if (batch === null) return null;
  adoptBatch(state, batch);
  return batch.batchId;
}

/** Makes it the batch of this run, and publishes its id. */
export function adoptBatch(state: BatchState, { batchId, status }: { batchId: string; status: string | null }): void {
  state.batchId = batchId;
  state.status = status;
  publishBatch(state);
}

/** Time between two attempts to get the lock: another `createBatch` takes seconds, or as long as LlamaCloud is down. */
const LOCK_DELAY_MS = { min: 1_000, max: 60_000 };

/** Runs `createBatch` as a child whose workflow id is the lock. Waits while another run has it. */
async function createUnderLock(state: BatchState, input: ResolvedBatchInput): Promise<CreatedBatch | null> {
  const { directoryId, job, scope, onStop } = input;
  const workflowId = createBatchWorkflowId(input);
  for (let delayMs = LOCK_DELAY_MS.min; ; delayMs = Math.min(LOCK_DELAY_MS.max, 2 * delayMs)) {
    try {
      return await executeCancellableChild<typeof createBatch>(WORKFLOW_TYPES.createBatch, {
        workflowId,
        args: [{ directoryId, job, scope, onStop }],
        staticSummary: renderSummary(directoryId, job),
        ...CANCELLED_WITH_PARENT,
      });
    } catch (error) {
      if (error instanceof ChildWorkflowFailure) return findUncancelledBatch(error, workflowId, input);
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      state.waitingFor = `Another run is creating a batch of the same directory, job type and configuration: ${code(workflowId)}. This run waits for it.`;
      publishDetails(state);
      try {
        await sleep(delayMs);
      } finally {
        state.waitingFor = null;
      }
      await untilResumed(state);
      if (isHistoryLong()) return null;
    }
  }
}

/** A `createBatch` that was cancelled fails with its batch if that may go on: it is the batch of this run, or of its stop. @throws otherwise. */
function findUncancelledBatch(
  error: ChildWorkflowFailure,
  workflowId: string,
  input: ResolvedBatchInput,
): CreatedBatch {
  const batch = findBatchInFailure(error.cause);
  if (batch === null) throw toCreateFailure(error, workflowId, input);
  return batch;
}

/** Returns the failure of `createBatch`. If a person cancelled or terminated that workflow, this run fails: it was not cancelled itself. */
function toCreateFailure(
  error: ChildWorkflowFailure,
  workflowId: string,
  { directoryId }: ResolvedBatchInput,
): unknown {
  if (error.cause instanceof ApplicationFailure || CancellationScope.current().consideredCancelled)
    return unwrapFailure(error);
  const outcome = isCancellation(error)
    ? 'was cancelled before there was a batch'
    : `was terminated or timed out: look in LlamaCloud for a batch over directory ${directoryId} that it may have created`;
  return ApplicationFailure.create({
    message: `The workflow ${workflowId}, which creates the batch, ${outcome}`,
    type: 'BatchCancelled',
    nonRetryable: true,
    cause: error,
  });
}
