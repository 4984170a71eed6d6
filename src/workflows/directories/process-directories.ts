import {
  type ActivityOptions,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  defineQuery,
  isCancellation,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { OpenedDirectories, WriteDirectoriesInput } from '../../activities/types.js';
import {
  type DirectoriesProgress,
  type DirectoriesReport,
  type DirectoryLine,
  type FailureType,
  PROGRESS_QUERY,
  type ProcessDirectoriesInput,
  rootFailure,
} from '../../protocol/index.js';
import { openDirectories, writeDirectories } from '../shared/activities.js';
import { assertContinuedState } from '../shared/continued-state.js';
import { publishReport } from '../shared/publish-report.js';
import { ReadyQueue } from '../shared/ready-queue.js';
import { recordEnd } from '../shared/run-state.js';
import { isRunFailure, unwrapFailure } from '../shared/unwrap-failure.js';
import { processDirectory } from './directory-batch.js';
import { publishDirectories, setDirectoriesPhase } from './publish.js';
import {
  type DirectoriesState,
  type DirectoryOutcome,
  newDirectoriesState,
  recordDirectory,
  toDirectoriesProgress,
  toDirectoriesReport,
} from './state.js';

/** Progress of a run over many directories. Also answered after its end, while a worker runs. */
export const directoriesProgressQuery = defineQuery<DirectoriesProgress>(PROGRESS_QUERY);

/**
 * Runs one LlamaCloud batch for each of many source directories, since a batch takes at most 1,000 files: a `processBatch` child
 * each, a few at a time. A directory whose batch fails does not stop the others.
 *
 * @param input What to process. Validated before anything is sent.
 * @param continuedState Set by continue-as-new; leave it out.
 * @returns A small report. Its manifest has a line for every directory.
 * @throws `InvalidInput` if the input is not valid. `OutOfCredits`, `NotAuthorized` or `InvalidInput` when a batch failed with it,
 * since every other batch would too: no more are created, and the failure's first detail is the {@link DirectoriesReport}.
 */
export async function processDirectories(
  input: ProcessDirectoriesInput,
  continuedState?: DirectoriesState,
): Promise<DirectoriesReport> {
  assertContinuedState(continuedState);
  const state = { ...newDirectoriesState(Date.now()), ...continuedState };
  setHandler(directoriesProgressQuery, () => toDirectoriesProgress(state));
  try {
    return await run(state, input);
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    const failure = unwrapFailure(error, toDirectoriesReport(state));
    recordEnd(state, failure);
    publishDirectories(state);
    throw failure;
  }
}

async function run(state: DirectoriesState, input: ProcessDirectoriesInput): Promise<DirectoriesReport> {
  const request = await open(state, input);
  CancellationScope.current().cancelRequested.catch(() => setDirectoriesPhase(state, 'stopping'));
  while (await processPage(state, request, input)) {
    // A run that is stopping only lists the other directories: the next run would not know of the cancellation.
    if (reasonToSkip(state) === undefined) return continueAsNew<typeof processDirectories>(input, state);
  }
  return finish(state);
}

/** Validates the input. */
async function open(state: DirectoriesState, input: ProcessDirectoriesInput): Promise<OpenedDirectories> {
  if (state.opened !== null) return state.opened;
  setDirectoriesPhase(state, 'opening');
  state.opened = await openDirectories.executeWithOptions({ summary: 'Check the input' }, [input]);
  state.directories.total = state.opened.total;
  return state.opened;
}

/** Runs a batch for each directory of a page, and writes their lines. Returns whether another page remains. */
async function processPage(
  state: DirectoriesState,
  request: OpenedDirectories,
  input: ProcessDirectoriesInput,
): Promise<boolean> {
  if (reasonToSkip(state) === undefined) setDirectoriesPhase(state, 'processing');
  // The ids were validated without the space around them.
  const page = input.directoryIds.slice(state.listed, state.listed + state.pageSize).map((id) => id.trim());
  const lines = await processAll(state, request, input, page);
  state.listed += page.length;
  const isLast = state.listed >= request.total;
  await writeLines(state, {
    firstRunId: workflowInfo().firstExecutionRunId,
    storeId: request.storeId,
    lines,
    part: state.parts,
    last: isLast,
  });
  state.parts += 1;
  return !isLast;
}

/** At most `maxConcurrentBatches` are open at a time. The lines are in the order of the directories. */
async function processAll(
  state: DirectoriesState,
  { maxConcurrentBatches }: OpenedDirectories,
  input: ProcessDirectoriesInput,
  page: readonly string[],
): Promise<DirectoryLine[]> {
  const lines = new Array<DirectoryLine | undefined>(page.length);
  const queue = new ReadyQueue<[number, string]>(maxConcurrentBatches);
  for (const entry of page.entries()) queue.add(entry);
  queue.close();
  const process = async ([index, directoryId]: [number, string]) => {
    lines[index] = recordDirectory(state, directoryId, await processOne(state, input, directoryId));
    publishDirectories(state);
  };
  try {
    await queue.run(process, () => reasonToSkip(state) !== undefined);
  } catch (error) {
    // A run that is stopping lists the other directories as skipped.
    if (!isCancellation(error)) throw error;
  }
  const failure = { type: 'Skipped', message: reasonToSkip(state) ?? '' };
  return page.map(
    (directoryId, index) => lines[index] ?? recordDirectory(state, directoryId, { status: 'SKIPPED', failure }),
  );
}

async function processOne(
  state: DirectoriesState,
  input: ProcessDirectoriesInput,
  directoryId: string,
): Promise<DirectoryOutcome> {
  state.running += 1;
  publishDirectories(state);
  try {
    const outcome = await processDirectory(input, directoryId);
    const { failure } = outcome;
    if (failure !== undefined && ACCOUNT_WIDE_FAILURES.has(failure.type))
      state.haltCause ??= { directoryId, ...failure };
    return outcome;
  } finally {
    state.running -= 1;
  }
}

/** Failures that every other directory would have as well, since they come from the account or from the options. */
const ACCOUNT_WIDE_FAILURES: ReadonlySet<string> = new Set<FailureType>([
  'OutOfCredits',
  'NotAuthorized',
  'InvalidInput',
]);

/** Why the other directories are skipped; `undefined` while batches are created. */
function reasonToSkip({ haltCause }: DirectoriesState): string | undefined {
  if (CancellationScope.current().consideredCancelled) return 'the run was stopped';
  return haltCause === null
    ? undefined
    : `${haltCause.directoryId} failed with ${haltCause.type}, as every other would`;
}

/** A run that is stopping gives up its manifest after this: it must end. */
const CLEANUP_OPTIONS = { scheduleToCloseTimeout: '10 minutes' } as const;

async function writeLines(state: DirectoriesState, part: WriteDirectoriesInput): Promise<void> {
  if (!CancellationScope.current().consideredCancelled) {
    setDirectoriesPhase(state, 'reporting');
    try {
      return await write(state, part);
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
  }
  try {
    await CancellationScope.nonCancellable(() => write(state, part, CLEANUP_OPTIONS));
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    log.error('The manifest of a run that was stopped could not be written', { message: rootFailure(error).message });
  }
}

async function write(
  state: DirectoriesState,
  part: WriteDirectoriesInput,
  options: ActivityOptions = {},
): Promise<void> {
  const summary = `List ${part.lines.length} directories`;
  state.manifest = await writeDirectories.executeWithOptions({ ...options, summary }, [part]);
}

/** Returns the result. Throws if the run was stopped, or halted by an account-wide failure. */
function finish(state: DirectoriesState): DirectoriesReport {
  if (CancellationScope.current().consideredCancelled) {
    publishReport(toDirectoriesReport(state));
    throw new CancelledFailure('The run was stopped');
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
