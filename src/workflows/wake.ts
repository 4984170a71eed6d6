import { CancellationScope, condition, defineSignal, patched, sleep, workflowInfo } from '@temporalio/workflow';
import { SHORTEST_DELAY_MS, WAKE_SIGNAL } from '../protocol/index.js';
import type { BatchState } from './state.js';

/** Look now, rather than when the next look is due. Whoever sends it is not believed: only LlamaCloud is. */
export const wakeSignal = defineSignal(WAKE_SIGNAL);

/**
 * Runs an activity that waits for something to change. A `wake` signal gives up the wait and looks at once, at most once a second.
 * An activity that waits for its next attempt is cancelled at once.
 *
 * @param look Is told whether it has been woken.
 */
export async function wakeable<T>(state: BatchState, look: (woken: boolean) => Promise<T>): Promise<T> {
  // Runs of 0.1.0 are cancelled in another order.
  if (!patched('wake')) return look(false);
  // Each wake is some ten events: a run that was woken hundreds of times only polls.
  for (let wokenMs = 0; !workflowInfo().continueAsNewSuggested; wokenMs = Date.now()) {
    const scope = new CancellationScope();
    try {
      const found = await scope.run(() =>
        Promise.race([look(wokenMs > 0).then((value) => ({ value })), woken(state, wokenMs)]),
      );
      if (found !== undefined) return found.value;
    } finally {
      scope.cancel();
    }
  }
  return look(false);
}

/** Many webhooks at once are one reason to look. */
async function woken(state: BatchState, lastMs: number): Promise<undefined> {
  const { wakes } = state;
  await condition(() => state.wakes > wakes);
  const sinceMs = Date.now() - lastMs;
  if (sinceMs < SHORTEST_DELAY_MS) await sleep(SHORTEST_DELAY_MS - sinceMs);
}
