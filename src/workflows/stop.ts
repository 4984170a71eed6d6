import { log, patched } from '@temporalio/workflow';
import { type BatchPhase, type BatchRequest, failureIn, isTerminal } from '../protocol/index.js';
import { cancelBatch, cancelJobs, findBatch } from './activities.js';
import { enter, publishBatch, publishReport, publishStatus } from './publish.js';
import type { BatchState } from './state.js';

/** Leaves the remote batch as the input says, and the report in the memo. Returns what became of the batch, in words. */
export async function stop(state: BatchState, request: BatchRequest): Promise<string> {
  const interrupted = state.phase;
  enter(state, 'cancelling');
  const fate = request.onStop === 'leave' ? 'was left running' : await stopRemote(state, request, interrupted);
  publishReport(state);
  return fate;
}

async function stopRemote(state: BatchState, request: BatchRequest, interrupted: BatchPhase): Promise<string> {
  try {
    // A create whose answer was lost may have made a batch, and nobody else would ever stop it.
    if (interrupted === 'creating') await adopt(state, request);
    const { batchId, status } = state;
    if (batchId === null) return 'there was none to cancel';
    if (status === null || !isTerminal(status)) {
      const summary = `Cancel batch ${batchId}`;
      const input = { ...request.scope, batchId, poll: request.poll };
      publishStatus(state, await cancelBatch.executeWithOptions({ summary }, [input]));
    }
    // COMPLETED means mapped: LlamaCloud can't cancel such a batch, and its jobs go on.
    if (state.status !== 'COMPLETED' || !patched('cancel-jobs')) return `it is ${state.status}`;
    const summary = `Cancel the jobs of batch ${batchId}`;
    const cancelled = await cancelJobs.executeWithOptions({ summary }, [{ ...request.scope, batchId }]);
    return `it is COMPLETED, ${cancelled} of its jobs were cancelled`;
  } catch (error) {
    const { message } = failureIn(error);
    log.error('The remote batch could not be cancelled', { batchId: state.batchId, message });
    return `could not be cancelled: ${message}`;
  }
}

async function adopt(state: BatchState, request: BatchRequest): Promise<void> {
  const known = state.opened?.known;
  if (known === undefined || state.batchId !== null) return;
  const summary = `Look for a batch over ${request.directoryId} that a lost request made`;
  const found = await findBatch.executeWithOptions({ summary }, [{ request, known }]);
  if (found === null) return;
  state.batchId = found.batchId;
  state.status = found.status;
  publishBatch(state);
}
