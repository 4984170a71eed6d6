import { isTerminal, type ResolvedBatchInput, type TerminalStatus } from '../../protocol/index.js';
import { waitForBatch } from '../shared/activities.js';
import { pollUnlessPaused } from '../shared/control.js';
import { recordWait } from '../shared/metrics.js';
import { setPhase, setStatus } from './publish.js';
import type { BatchState } from './state.js';
import { pollRestartedByWake } from './wake.js';

/**
 * Step 4: waits for a terminal status, by one activity for each status. Temporal's server waits between its attempts.
 *
 * @returns `null` when the history has grown long, since a batch may change its status again and again for days: the run has to
 * continue as new, and wait there.
 */
export async function waitForEnd(
  state: BatchState,
  input: ResolvedBatchInput,
  batchId: string,
): Promise<TerminalStatus | null> {
  const { poll, scope } = input;
  state.waitingSinceMs ??= Date.now();
  const { waitingSinceMs } = state;
  for (let lastPolledAtMs: number | null = null; ; lastPolledAtMs = Date.now()) {
    const { status: lastStatus } = state;
    if (lastStatus !== null && isTerminal(lastStatus)) return lastStatus;
    setPhase(state, 'waiting');
    const summary = lastStatus === null ? `Get batch ${batchId}` : `Wait while ${lastStatus}: ${batchId}`;
    const polled = { ...scope, batchId, lastStatus, waitingSinceMs, poll };
    const polledAtMs = lastPolledAtMs;
    const status = await pollUnlessPaused(state, () =>
      pollRestartedByWake(state, (isWoken) =>
        waitForBatch.executeWithOptions({ summary }, [{ ...polled, lastPolledAtMs: isWoken ? null : polledAtMs }]),
      ),
    );
    if (status === null) return null;
    setStatus(state, status);
    if (isTerminal(status)) recordWait(status, Date.now() - waitingSinceMs, input.job.type);
  }
}
