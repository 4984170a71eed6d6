import { CancellationScope, condition, defineSignal, patched, sleep, workflowInfo } from '@temporalio/workflow';
import { SHORTEST_DELAY_MS, WAKE_SIGNAL } from '../protocol/index.js';
import type { BatchState } from './state.js';

/** Look now, rather than when the next look is due. Whoever sends it is not believed: only LlamaCloud is. */
export const wakeSignal = defineSignal(WAKE_SIGNAL);

/** A history that is longer than this is no longer woken: each wake is some ten events. */
const LONGEST_HISTORY = 20_000;

/**
 * Runs an activity that waits for something to change. A `wake` signal gives up the wait and looks at once. The next one does
 * so no sooner than a second later, and twice as late each time that nothing had changed: many webhooks are one reason to look, and a look
 * that takes its time must get to its end. An activity that waits for its next attempt is cancelled at once.
 *
 * @param look Is told whether it has been woken.
 */
export async function wakeable<T>(state: BatchState, look: (woken: boolean) => Promise<T>): Promise<T> {
  // Runs of 0.1.0 are cancelled in another order.
  if (!patched('wake')) return look(false);
  for (let gapMs = 0; workflowInfo().historyLength < LONGEST_HISTORY; gapMs = nextGap(gapMs)) {
    const scope = new CancellationScope();
    try {
      const found = await scope.run(() =>
        Promise.race([look(gapMs > 0).then((value) => ({ value })), woken(state, gapMs)]),
      );
      if (found !== undefined) return found.value;
    } finally {
      scope.cancel();
    }
  }
  return look(false);
}

function nextGap(gapMs: number): number {
  return Math.min(LONGEST_GAP_MS, Math.max(SHORTEST_DELAY_MS, 2 * gapMs));
}

const LONGEST_GAP_MS = 60_000;

/** A wake that came since this look began, once the look has had its time. */
async function woken(state: BatchState, gapMs: number): Promise<undefined> {
  const { wakes } = state;
  if (gapMs > 0) await sleep(gapMs);
  await condition(() => state.wakes > wakes);
}
