/** The steps of a run over a corpus: open, plan and process its parts, write the manifest, report. */
import {
  type ActivityOptions,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  defineQuery,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { OpenedCorpus } from '../../activities/types.js';
import {
  type CorpusProgress,
  type CorpusReport,
  type CorpusRun,
  corpusWorkflowId,
  PROGRESS_QUERY,
  type ProcessCorpusInput,
  rootFailure,
} from '../../protocol/index.js';
import { openCorpus, removeGoneDocuments, writeCorpusManifest } from '../shared/activities.js';
import { assertContinuedState } from '../shared/continued-state.js';
import { handleControl, publishRunState } from '../shared/control.js';
import { keepReportInMemo } from '../shared/keep-report-in-memo.js';
import { recordEnd } from '../shared/run-state.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { unwrapFailure } from '../shared/unwrap-failure.js';
import { closeBudget, openBudget } from './budget.js';
import { delegateToLock } from './delegate-to-lock.js';
import { processParts } from './process-parts.js';
import { publishCorpus, setCorpusPhase } from './publish.js';
import {
  type CorpusState,
  newCorpusState,
  skipUnprocessed,
  toCorpusProgress,
  toCorpusReport,
  toCorpusRun,
} from './state.js';

/** Progress of a run over a corpus. Also answered after its end, while a worker runs. */
export const corpusProgressQuery = defineQuery<CorpusProgress>(PROGRESS_QUERY);

/**
 * Processes the files of a folder or of a bucket that have changed since the last run: uploads them in parts of at most 1,000, runs a batch
 * over each, and writes one manifest over all files. The next run compares with it.
 *
 * The workflow id `llamacloud-corpus/<task queue>/<output>` is the lock of the output folder. A run with another id, such as one of a schedule,
 * runs the work as a child with this id, and waits while there is one.
 *
 * @param input What to process. Validated before anything is sent.
 * @param continuedState Set by continue-as-new; leave it out.
 * @returns A small report. Its manifest has a line for every file.
 * @throws `InvalidInput`, `SourceFailed`, and the failures that every other batch would have as well, such as `OutOfCredits`: no more are created then.
 * If the input was valid, the failure's first detail is the {@link CorpusReport}.
 */
export async function processCorpus(input: ProcessCorpusInput, continuedState?: CorpusState): Promise<CorpusReport> {
  assertContinuedState(continuedState);
  const state = { ...newCorpusState(Date.now()), ...continuedState };
  setHandler(corpusProgressQuery, () => toCorpusProgress(state));
  handleControl(state, () => publishCorpus(state));
  try {
    return await run(state, input);
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    const failure = unwrapFailure(error, toCorpusReport(state));
    recordEnd(state, failure);
    publishCorpus(state);
    throw failure;
  }
}

async function run(state: CorpusState, input: ProcessCorpusInput): Promise<CorpusReport> {
  const opened = await open(state, input);
  const { taskQueue, workflowId, firstExecutionRunId } = workflowInfo();
  const lockId = corpusWorkflowId(taskQueue, opened.input.output);
  CancellationScope.current().cancelRequested.catch(() => setCorpusPhase(state, 'stopping'));
  if (workflowId !== lockId) return delegateToLock(state, input, lockId);
  const corpusRun = toCorpusRun(opened, firstExecutionRunId);
  openBudget(state, opened.budget);
  let failure: unknown;
  try {
    await processParts(state, opened, corpusRun);
    if (!state.isListed && state.haltCause === null && !CancellationScope.current().consideredCancelled)
      return await continueAsNew<typeof processCorpus>(input, state);
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    failure = error;
  }
  const isStopped =
    failure !== undefined || state.haltCause !== null || CancellationScope.current().consideredCancelled;
  await CancellationScope.nonCancellable(async () => {
    await writeManifest(state, corpusRun, failure !== undefined);
    // After it: a run that ends in between has spent too much by its record, not too little.
    await recordBudget(state, corpusRun, !isStopped && state.isListed, failure !== undefined);
  });
  return finish(state, failure);
}

/** Validates the input, and claims the output folder. */
async function open(state: CorpusState, input: ProcessCorpusInput): Promise<OpenedCorpus> {
  if (state.opened !== null) return state.opened;
  setCorpusPhase(state, 'opening');
  state.opened = await openCorpus.executeWithOptions({ summary: 'Check the input' }, [input]);
  if (state.control.pause !== null) publishRunState(state);
  return state.opened;
}

/** Limit on writing the manifest of a run that is stopping or has failed, in milliseconds, so that it ends. */
const MANIFEST_TIMEOUT_MS = 10 * 60_000;

/** Writes the manifest of what was planned, also of a run that ends early: what was processed is paid for. */
async function writeManifest(state: CorpusState, run: CorpusRun, hasFailed: boolean): Promise<void> {
  const { segments, cursor, isListed } = state;
  skipUnprocessed(state);
  if (segments.length === 0) return;
  setCorpusPhase(state, 'reporting');
  const options: ActivityOptions = hasFailed ? { scheduleToCloseTimeout: MANIFEST_TIMEOUT_MS } : {};
  // A folder that is empty because it is not mounted must not cost the documents of all its files. It may have what systems put there.
  const keepGone = state.eligible === 0;
  const parts = state.partLines.filter((name) => name !== null);
  try {
    const input = { run, segments, parts, cursor, isComplete: isListed, keepGone };
    const summary = `Write the manifest of ${state.listed} files`;
    state.manifest = await writeCorpusManifest.executeWithOptions({ ...options, summary }, [input]);
    if (!keepGone && state.removals > 0) {
      // Afterwards: no manifest names a document that is not there.
      const removal = { ...options, summary: `Remove the documents of ${state.removals} files` };
      await removeGoneDocuments.executeWithOptions(removal, [{ run, segments }]);
    }
  } catch (error) {
    if (!hasFailed || !isTemporalFailure(error)) throw error;
    log.error(
      'The manifest of a run that failed was not written, or documents of files that are gone were not removed',
      { message: rootFailure(error).message },
    );
  }
}

async function recordBudget(
  state: CorpusState,
  run: CorpusRun,
  isComplete: boolean,
  hasFailed: boolean,
): Promise<void> {
  try {
    await closeBudget(state, run, isComplete);
  } catch (error) {
    if (!hasFailed || !isTemporalFailure(error)) throw error;
    log.error('What a run that failed has spent could not be recorded', { message: rootFailure(error).message });
  }
}

/** Returns the result. Throws if the run was stopped, failed, or was halted by an account-wide failure. */
function finish(state: CorpusState, failure: unknown): CorpusReport {
  const report = toCorpusReport(state);
  if (report === undefined) throw new Error('A run whose input is valid has a report');
  if (CancellationScope.current().consideredCancelled) {
    keepReportInMemo(report);
    throw new CancelledFailure('the run was cancelled');
  }
  if (failure !== undefined) throw failure;
  if (state.haltCause !== null) {
    const { type, message } = state.haltCause;
    const consequence = `No more batches were created: ${state.files.skipped} files were not processed.`;
    throw ApplicationFailure.nonRetryable(`${message} ${consequence}`, type, report);
  }
  if (state.eligible === 0 && state.gone > 0 && state.opened?.input.goneFiles === 'remove') {
    const message = `${report.source} has no file that can be processed, and ${state.gone} files of the last run are gone: no document was removed. Check that the source is there.`;
    throw ApplicationFailure.nonRetryable(message, 'SourceFailed', report);
  }
  if (state.budget !== null && state.budget.filesLeft > 0) {
    const { maxCredits, spent, filesLeft } = state.budget;
    const message = `${filesLeft} files are left: they might have passed maxCredits (${maxCredits}), of which ${Math.ceil(spent)} are spent. What was processed is in the manifest. To go on, start a run with a higher maxCredits: it pays for nothing again.`;
    throw ApplicationFailure.nonRetryable(message, 'BudgetReached', report);
  }
  setCorpusPhase(state, 'completed');
  return report;
}
