import { CancellationScope, CancelledFailure, isCancellation, sleep } from '@temporalio/workflow';
import type { ResolvedBatchInput } from '../../protocol/index.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { toBatchFailure } from './batch-failure.js';
import { setPhase } from './publish.js';
import type { BatchState } from './state.js';
import { stop } from './stop.js';

/**
 * Runs the steps until the deadline of the run. At the deadline, or when the run is cancelled, the run is stopped.
 *
 * @throws `BatchTimedOut`, CancelledFailure.
 */
export async function withinDeadline<T>(
  state: BatchState,
  input: ResolvedBatchInput,
  steps: () => Promise<T>,
): Promise<T> {
  const remainingMs = Math.max(1, state.startedAtMs + input.timeoutMs - Date.now());
  try {
    return await withNamedTimeout(remainingMs, 'Timeout of the run', () => {
      CancellationScope.current().cancelRequested.catch(() => {
        state.stopRequestedAtMs = Date.now();
        setPhase(state, 'stopping');
      });
      return steps();
    });
  } catch (error) {
    if (!isTemporalFailure(error) || state.stopRequestedAtMs === null) throw error;
    const outcome = await CancellationScope.nonCancellable(() => stop(state, input));
    if (!isCancellation(error)) throw error;
    const missed = state.batchId === null ? 'there was a batch' : `batch ${state.batchId} had been collected`;
    if (CancellationScope.current().consideredCancelled)
      throw new CancelledFailure(`the run was cancelled before ${missed}; ${outcome}`, [], error);
    const message = `the run's timeout of ${input.timeoutMs / 1_000} s passed before ${missed}; ${outcome}`;
    throw toBatchFailure(state, 'BatchTimedOut', message);
  }
}

/** `CancellationScope.withTimeout`, whose timer has no name in the UI. */
async function withNamedTimeout<T>(timeoutMs: number, summary: string, run: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  return await scope.run(async () => {
    const timer = new CancellationScope();
    timer
      .run(() => sleep(timeoutMs, { summary }))
      .then(
        () => scope.cancel(),
        () => undefined,
      );
    try {
      return await run();
    } finally {
      timer.cancel();
    }
  });
}
