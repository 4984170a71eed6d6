import { CancellationScope, condition, defineSignal, workflowInfo } from '@temporalio/workflow';
import { MIN_DELAY_MS, WAKE_SIGNAL } from '../../protocol/index.js';

/** Makes a run that waits for its batch poll it now. It has no arguments: the change is read from LlamaCloud. */
export const wakeSignal = defineSignal(WAKE_SIGNAL);

/**
 * Runs an activity that polls until something changes. A `wake` signal cancels it while it waits for its next attempt, and starts it
 * again. Polls of further signals are at least 1 s apart, doubled each time up to 10 minutes, since LlamaCloud sends many webhooks at
 * once.
 *
 * @param poll Starts the activity. `isWoken`: because of a `wake` signal.
 * @returns `null` when the history has grown long: the run has to continue as new, and poll there.
 */
export async function pollRestartedByWake<T>(
  state: WakeState,
  poll: (isWoken: boolean) => Promise<T>,
): Promise<T | null> {
  for (let gapMs = 0; !isHistoryLong(); gapMs = Math.min(MAX_GAP_MS, Math.max(MIN_DELAY_MS, 2 * gapMs))) {
    // Also a signal that came together with what the last poll found: it may be newer.
    const isWoken = state.wakeRequested;
    state.wakeRequested = false;
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

interface WakeState {
  /** Whether a `wake` signal has come since the last poll began. */
  wakeRequested: boolean;
}

/** Bounds a day of signals that change nothing to some 150 polls of ten events. */
const MAX_GAP_MS = 10 * 60_000;

/** A change of status or an attempt to get the create lock adds some ten events, a `wake` signal up to four. */
const MAX_HISTORY_EVENTS = 4_000;

export function isHistoryLong(): boolean {
  return workflowInfo().historyLength > MAX_HISTORY_EVENTS;
}

/** Resolves after `gapMs` and a signal that came since the poll began, or when the history has grown long. */
async function wakeAfter(state: WakeState, gapMs: number): Promise<undefined> {
  if (gapMs > 0) await condition(isHistoryLong, gapMs);
  await condition(() => state.wakeRequested || isHistoryLong());
}
