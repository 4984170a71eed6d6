import { CancellationScope, condition, defineSignal, workflowInfo } from '@temporalio/workflow';
import { MIN_DELAY_MS, WAKE_SIGNAL } from '../../protocol/index.js';

/** Poll now, rather than when the next poll is due. The sender is not believed: only LlamaCloud is. */
export const wakeSignal = defineSignal(WAKE_SIGNAL);

/**
 * Runs an activity that polls until something changes. A `wake` signal cancels the activity that waits for its next attempt, and
 * starts it again: it polls at once. Later wakes wait for 1 s, doubled each time, up to 10 minutes, since many webhooks are one
 * reason to poll.
 *
 * @param poll Gets whether a `wake` signal is the reason to poll.
 * @returns `null` when the history has grown long: the run is to continue as new, and poll there.
 */
export async function pollUntilWoken<T>(state: WakeState, poll: (isWoken: boolean) => Promise<T>): Promise<T | null> {
  for (let gapMs = 0; !isHistoryLong(); gapMs = Math.min(MAX_GAP_MS, Math.max(MIN_DELAY_MS, 2 * gapMs))) {
    const isWoken = gapMs > 0;
    const scope = new CancellationScope();
    try {
      const found = await scope.run(() =>
        Promise.race([poll(isWoken).then((value) => ({ value })), wakeAfter(state, gapMs)]),
      );
      if (found !== undefined) return found.value;
    } finally {
      scope.cancel();
    }
  }
  return null;
}

export interface WakeState {
  /** `wake` signals so far. */
  wakeRequests: number;
}

/** A day of wakes that change nothing is some 150 polls, of ten events each. */
const MAX_GAP_MS = 10 * 60_000;

/** Each change of status is some ten events, each `wake` signal up to four. */
const MAX_HISTORY_EVENTS = 4_000;

function isHistoryLong(): boolean {
  return workflowInfo().historyLength > MAX_HISTORY_EVENTS;
}

/** Resolves on a wake that was signalled since the call, but not before `gapMs`; or when the history has grown long. */
async function wakeAfter(state: WakeState, gapMs: number): Promise<undefined> {
  const { wakeRequests } = state;
  if (gapMs > 0) await condition(isHistoryLong, gapMs);
  await condition(() => state.wakeRequests > wakeRequests || isHistoryLong());
}
