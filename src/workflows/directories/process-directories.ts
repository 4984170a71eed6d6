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
import { assertCarried } from '../shared/carried.js';
import { ReadyQueue } from '../shared/ready-queue.js';
import { isRunFailure, unwrapFailure } from '../shared/unwrap-failure.js';
import { processDirectory } from './directory-batch.js';
import { publishDirectories, publishDirectoriesEnd, publishDirectoriesReport, setDirectoriesPhase } from './publish.js';
import {
  type DirectoriesState,
  type DirectoryOutcome,
  newDirectoriesState,
  recordDirectory,
  toDirectoriesProgress,
  toDirectoriesReport,
} from './state.js';

/** How far a run over many directories is. Answers after its end as well, while a worker is there. */
export const directoriesProgressQuery = defineQuery<DirectoriesProgress>(PROGRESS_QUERY);

/**
 * Runs one LlamaCloud batch for each of many source directories, since a batch takes at most 1,000 files: a `processBatch` child
 * each, a few at a time. A directory whose batch fails does not stop the others.
 *
 * @param input What to process. Validated before anything is sent.
 * @param carried Set by continue-as-new; leave it out.
 * @returns A small report. The manifest that it names has a line for every directory.
 * @throws `InvalidInput`; and `OutOfCredits`, `NotAuthorized`, `InvalidInput` when a batch failed with it, since every other one
 * would too: then no more are created, and the failure's first detail is the {@link DirectoriesReport}.
 */
export async function processDirectories(
  input: ProcessDirectoriesInput,
  carried?: DirectoriesState,
): Promise<DirectoriesReport> {
  assertCarried(carried);
  const state = { ...newDirectoriesState(Date.now()), ...carried };
  setHandler(directoriesProgressQuery, () => toDirectoriesProgress(state));
  try {
    return await run(state, input);
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    const failure = unwrapFailure(error, toDirectoriesReport(state));
    publishDirectoriesEnd(state, isCancellation(failure) ? 'cancelled' : 'failed', rootFailure(failure));
    throw failure;
  }
}

async function run(state: DirectoriesState, input: ProcessDirectoriesInput): Promise<DirectoriesReport> {
  const request = await open(state, input);
  CancellationScope.current().cancelRequested.catch(() => setDirectoriesPhase(state, 'stopping'));
  while (await processPage(state, request, input)) {
    // Of a run that is being stopped the rest is only listed: a new run would not know of the cancellation, nor be of use.
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

/** One batch for each directory of a page, and their lines in the manifest. Returns whether there is another page. */
async function processPage(
  state: DirectoriesState,
  request: OpenedDirectories,
  input: ProcessDirectoriesInput,
): Promise<boolean> {
  if (reasonToSkip(state) === undefined) setDirectoriesPhase(state, 'processing');
  // The input is validated without the space around its ids.
  const page = input.directoryIds.slice(state.listed, state.listed + state.pageSize).map((id) => id.trim());
  const lines = await processAll(state, request, input, page);
  state.listed += page.length;
  const isLast = state.listed >= request.total;
  await list(state, {
    firstRunId: workflowInfo().firstExecutionRunId,
    storeId: request.storeId,
    lines,
    part: state.parts,
    isLast,
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
  const work = async ([index, directoryId]: [number, string]) => {
    lines[index] = recordDirectory(state, directoryId, await processOne(state, input, directoryId));
    publishDirectories(state);
  };
  try {
    await queue.run(work, () => reasonToSkip(state) !== undefined);
  } catch (error) {
    // Of a run that is being stopped the rest is listed, too.
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

/** What is wrong with the account or with the options is not better with the next directory, and each try costs a request. */
const ACCOUNT_WIDE_FAILURES: ReadonlySet<string> = new Set<FailureType>([
  'OutOfCredits',
  'NotAuthorized',
  'InvalidInput',
]);

/** Why no more batches are created; `undefined` while they are. */
function reasonToSkip({ haltCause }: DirectoriesState): string | undefined {
  if (CancellationScope.current().consideredCancelled) return 'the run was stopped';
  return haltCause === null
    ? undefined
    : `${haltCause.directoryId} failed with ${haltCause.type}, as every other would`;
}

/** Of a run that is being stopped: what its batches had finished is listed, unless the output store does not take it. */
const CLEANUP_OPTIONS = { scheduleToCloseTimeout: '10 minutes' } as const;

async function list(state: DirectoriesState, part: WriteDirectoriesInput): Promise<void> {
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

/** The result, unless the run was stopped or its batches would all have failed. */
function finish(state: DirectoriesState): DirectoriesReport {
  if (CancellationScope.current().consideredCancelled) {
    publishDirectoriesReport(state);
    throw new CancelledFailure('The run was stopped');
  }
  const report = toDirectoriesReport(state);
  if (report === undefined) throw new Error('a run whose input is valid has a report');
  if (state.haltCause !== null) {
    const { directoryId, type, message } = state.haltCause;
    const { skipped, total } = state.directories;
    const rest = `No more batches were created: ${skipped} of ${total} directories were skipped.`;
    throw ApplicationFailure.nonRetryable(`directory ${directoryId}: ${message} ${rest}`, type, report);
  }
  setDirectoriesPhase(state, 'completed');
  return report;
}
