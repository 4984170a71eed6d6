/** The steps of a run over many directories: open, a page of batches, the manifest, the report. */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  defineQuery,
  setHandler,
} from '@temporalio/workflow';
import type { OpenedDirectories } from '../../activities/types.js';
import {
  type DirectoriesProgress,
  type DirectoriesReport,
  PROGRESS_QUERY,
  type ProcessDirectoriesInput,
} from '../../protocol/index.js';
import { openDirectories } from '../shared/activities.js';
import { assertContinuedState } from '../shared/continued-state.js';
import { handleControl, publishRunState } from '../shared/control.js';
import { keepReportInMemo } from '../shared/keep-report-in-memo.js';
import { recordEnd } from '../shared/run-state.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { unwrapFailure } from '../shared/unwrap-failure.js';
import { processDirectoriesPage, reasonToSkip } from './process-directories-page.js';
import { publishDirectories, setDirectoriesPhase } from './publish.js';
import { type DirectoriesState, newDirectoriesState, toDirectoriesProgress, toDirectoriesReport } from './state.js';
import { handleStuckBatches } from './stuck-directories.js';

/** Progress of a run over many directories. Also answered after its end, while a worker runs. */
export const directoriesProgressQuery = defineQuery<DirectoriesProgress>(PROGRESS_QUERY);

/**
 * Runs one LlamaCloud batch for each of many source directories, since a batch takes at most 1,000 files: a `processBatch` child
 * each, a few at a time. A directory whose batch fails does not stop the others.
 *
 * @param input What to process. Validated before anything is sent.
 * @param continuedState Set by continue-as-new; leave it out.
 * @returns A small report. Its manifest has a line for every directory.
 * @throws `InvalidInput` if the input is not valid. `OutOfCredits`, `NotAuthorized`, `CreateOutcomeUnknown` or `InvalidInput` when a
 * batch failed with it, since every other batch would too: no more are created, and the failure's first detail is the
 * {@link DirectoriesReport}.
 */
export async function processDirectories(
  input: ProcessDirectoriesInput,
  continuedState?: DirectoriesState,
): Promise<DirectoriesReport> {
  assertContinuedState(continuedState);
  const state = { ...newDirectoriesState(Date.now()), ...continuedState };
  setHandler(directoriesProgressQuery, () => toDirectoriesProgress(state));
  handleControl(state, () => publishDirectories(state));
  handleStuckBatches(state);
  try {
    return await run(state, input);
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    const failure = unwrapFailure(error, toDirectoriesReport(state));
    recordEnd(state, failure);
    publishDirectories(state);
    throw failure;
  }
}

async function run(state: DirectoriesState, input: ProcessDirectoriesInput): Promise<DirectoriesReport> {
  const opened = await open(state, input);
  CancellationScope.current().cancelRequested.catch(() => setDirectoriesPhase(state, 'stopping'));
  while (await processDirectoriesPage(state, opened, input)) {
    // A run that is stopping stays in this execution, and lists the other directories as skipped: the next execution would not know of the
    // cancellation.
    if (reasonToSkip(state) === undefined) return continueAsNew<typeof processDirectories>(input, state);
  }
  return finish(state);
}

/** Validates the input, and reads which output store this is. */
async function open(state: DirectoriesState, input: ProcessDirectoriesInput): Promise<OpenedDirectories> {
  if (state.opened !== null) return state.opened;
  setDirectoriesPhase(state, 'opening');
  state.opened = await openDirectories.executeWithOptions({ summary: 'Check the input' }, [input]);
  if (state.control.pause !== null) publishRunState(state);
  state.directories.total = state.opened.total;
  return state.opened;
}

/** Returns the result. Throws if the run was stopped, or halted by an account-wide failure. */
function finish(state: DirectoriesState): DirectoriesReport {
  if (CancellationScope.current().consideredCancelled) {
    keepReportInMemo(toDirectoriesReport(state));
    throw new CancelledFailure('the run was cancelled');
  }
  const report = toDirectoriesReport(state);
  if (report === undefined) throw new Error('A run whose input is valid has a report');
  if (state.haltCause !== null) {
    const { directoryId, type, message } = state.haltCause;
    const { skipped, total } = state.directories;
    const consequence = `No more batches were created: ${skipped} of ${total} directories were skipped.`;
    throw ApplicationFailure.nonRetryable(`directory ${directoryId}: ${message} ${consequence}`, type, report);
  }
  setDirectoriesPhase(state, 'completed');
  return report;
}
