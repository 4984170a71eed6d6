import { type BatchRequest, isTerminal, type TerminalStatus } from '../../protocol/index.js';
import { waitForBatch } from '../shared/activities.js';
import { pollUntilWoken } from '../shared/wake.js';
import { setPhase, setStatus } from './publish.js';
import type { BatchState } from './state.js';

/**
 * Step 4: Temporal's server does the waiting, inside the retries of one activity per status.
 *
 * @returns `null` when the history has grown long: the run is to continue as new, and wait there. A batch may change its status
 * again and again, for days.
 */
export async function waitForEnd(
  state: BatchState,
  request: BatchRequest,
  batchId: string,
): Promise<TerminalStatus | null> {
  const { poll, scope } = request;
  state.waitingSinceMs ??= Date.now();
  const { waitingSinceMs } = state;
  for (let lastPolledAtMs: number | null = null; ; lastPolledAtMs = Date.now()) {
    const { status: lastStatus } = state;
    if (lastStatus !== null && isTerminal(lastStatus)) return lastStatus;
    setPhase(state, 'waiting');
    const summary = lastStatus === null ? `Get batch ${batchId}` : `Wait for ${batchId} to leave ${lastStatus}`;
    const polled = { ...scope, batchId, lastStatus, waitingSinceMs, poll };
    const polledAtMs = lastPolledAtMs;
    const status = await pollUntilWoken(state, (isWoken) =>
      waitForBatch.executeWithOptions({ summary }, [{ ...polled, lastPolledAtMs: isWoken ? null : polledAtMs }]),
    );
    if (status === null) return null;
    setStatus(state, status);
  }
}
