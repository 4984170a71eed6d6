import { Context } from '@temporalio/activity';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { type CreatedBatch, findBatchInFailure, mayHaveLeftBatch, rootFailure } from '../../protocol/index.js';
import { runAttempt } from '../support/run-attempt.js';
import { listCreatesBeforeReset } from './previous-creates.js';
import { describeExecution, type ExecutionRef, findLatestExecution, undefinedIfNotFound } from './reset-history.js';

/**
 * For a run that stops before it has a batch. If a person has reset it, a `createBatch` that it had started before the reset may still
 * create a batch, or have created one. Cancels that `createBatch`, waits for its end, and returns its batch; `null` without one.
 */
export async function cancelPreviousCreates(run: ExecutionRef): Promise<CreatedBatch | null> {
  return runAttempt('cancel', `earlier creates of ${run.workflowId}`, ({ signal }) => {
    const { client } = Context.current();
    return client.withAbortSignal(signal, async () => {
      const failures: unknown[] = [];
      for (const create of await listCreatesBeforeReset(client, run)) {
        try {
          const batch = await cancelCreate(client, create);
          if (batch !== null) return batch;
        } catch (error) {
          failures.push(error);
        }
      }
      // An earlier one may have a batch.
      if (failures.length > 0) throw failures[0];
      return null;
    });
  });
}

async function isOpen(client: Client, { workflowId, runId }: ExecutionRef): Promise<boolean> {
  const execution = await describeExecution(client, workflowId, runId);
  return execution !== undefined && execution.closeTime === undefined;
}

/** @throws if it fails, or has failed, with a batch that a person has to look for. */
async function cancelCreate(client: Client, { workflowId, runId }: ExecutionRef): Promise<CreatedBatch | null> {
  // Not by the run id: it may have continued as new. And not by the workflow id alone: by now another run may create under it.
  const options = { firstExecutionRunId: runId };
  const latest = await findLatestExecution(client, { workflowId, runId });
  const wasOpen = await isOpen(client, latest);
  if (wasOpen) await undefinedIfNotFound(() => client.workflow.getHandle(workflowId, undefined, options).cancel());
  const handle = client.workflow.getHandle<() => Promise<CreatedBatch>>(workflowId, latest.runId);
  try {
    return (await undefinedIfNotFound(() => handle.result())) ?? null;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const batch = findBatchInFailure(error.cause);
    if (batch !== null || error.cause instanceof CancelledFailure) return batch;
    if (!wasOpen && !mayHaveLeftBatch(error.cause)) return null;
    const { type, message } = rootFailure(error);
    throw ApplicationFailure.nonRetryable(message, type);
  }
}
