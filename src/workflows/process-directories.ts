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
import type { WriteDirectoriesInput } from '../activities/types.js';
import {
  type DirectoriesProgress,
  type DirectoriesReport,
  type DirectoriesRequest,
  type DirectoryEntry,
  type FailureType,
  failureIn,
  PROGRESS_QUERY,
  type ProcessDirectoriesInput,
} from '../protocol/index.js';
import { openDirectories, writeDirectories } from './activities.js';
import { enterDirectories, publishDirectories, publishDirectoriesReport } from './directories-publish.js';
import {
  type DirectoriesState,
  type DirectoryOutcome,
  directoriesProgressOf,
  directoriesReportOf,
  newDirectoriesState,
  recordDirectory,
} from './directories-state.js';
import { processDirectory } from './directory-batch.js';
import { inItsWords } from './in-its-words.js';

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
 * would too: then no more are made, and the failure's first detail is the {@link DirectoriesReport}.
 */
export async function processDirectories(
  input: ProcessDirectoriesInput,
  carried?: DirectoriesState,
): Promise<DirectoriesReport> {
  const state = { ...newDirectoriesState(Date.now()), ...carried };
  setHandler(directoriesProgressQuery, () => directoriesProgressOf(state));
  try {
    return await run(state, input);
  } catch (error) {
    throw inItsWords(error, directoriesReportOf(state));
  }
}

async function run(state: DirectoriesState, input: ProcessDirectoriesInput): Promise<DirectoriesReport> {
  const request = await open(state, input);
  CancellationScope.current().cancelRequested.catch(() => enterDirectories(state, 'cancelling'));
  while (await processPage(state, request, input)) {
    // Of a run that is being stopped the rest is only listed: a new run would not know of the cancellation, nor be of use.
    if (reasonToSkip(state) === undefined) return continueAsNew<typeof processDirectories>(input, state);
  }
  return report(state);
}

/** Validates the input. */
async function open(state: DirectoriesState, input: ProcessDirectoriesInput): Promise<DirectoriesRequest> {
  if (state.opened !== null) return state.opened;
  enterDirectories(state, 'opening');
  state.opened = await openDirectories.executeWithOptions({ summary: 'Check the input' }, [input]);
  state.directories.total = state.opened.total;
  return state.opened;
}

/** One batch for each directory of a page, and their lines in the manifest. Returns whether there is another page. */
async function processPage(
  state: DirectoriesState,
  request: DirectoriesRequest,
  input: ProcessDirectoriesInput,
): Promise<boolean> {
  if (reasonToSkip(state) === undefined) enterDirectories(state, 'processing');
  const page = input.directoryIds.slice(state.listed, state.listed + state.pageSize);
  const lines = await processAll(state, request, input, page);
  state.listed += page.length;
  const last = state.listed >= request.total;
  await list(state, { firstRunId: workflowInfo().firstExecutionRunId, lines, part: state.parts, last });
  state.parts += 1;
  return !last;
}

/** At most `maxConcurrentBatches` are open at a time. The lines are in the order of the directories. */
async function processAll(
  state: DirectoriesState,
  { maxConcurrentBatches }: DirectoriesRequest,
  input: ProcessDirectoriesInput,
  page: readonly string[],
): Promise<DirectoryEntry[]> {
  const lines = new Array<DirectoryEntry>(page.length);
  // All lanes take from it, so that whichever is free has the next directory.
  const due = page.entries();
  const lane = async () => {
    for (const [index, text] of due) {
      // The input is checked without the space around its ids.
      const directoryId = text.trim();
      lines[index] = recordDirectory(state, directoryId, await outcomeOf(state, input, directoryId));
      publishDirectories(state);
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxConcurrentBatches, page.length) }, lane));
  return lines;
}

async function outcomeOf(
  state: DirectoriesState,
  input: ProcessDirectoriesInput,
  directoryId: string,
): Promise<DirectoryOutcome> {
  const message = reasonToSkip(state);
  if (message !== undefined) return { status: 'SKIPPED', problem: { type: 'Skipped', message } };
  state.running += 1;
  publishDirectories(state);
  const outcome = await processDirectory(input, directoryId);
  state.running -= 1;
  const { problem } = outcome;
  if (problem !== undefined && HITS_ALL.has(problem.type)) state.halted ??= { directoryId, ...problem };
  return outcome;
}

/** What is wrong with the account or with the options is not better with the next directory, and each try costs a request. */
const HITS_ALL: ReadonlySet<string> = new Set<FailureType>(['OutOfCredits', 'NotAuthorized', 'InvalidInput']);

/** Why no more batches are made; `undefined` while they are. */
function reasonToSkip({ halted }: DirectoriesState): string | undefined {
  if (CancellationScope.current().consideredCancelled) return 'the run was stopped';
  return halted === null ? undefined : `${halted.directoryId} failed with ${halted.type}, as every other would`;
}

/** Of a run that is being stopped: what its batches had finished is listed, unless the output store does not take it. */
const LAST_WORDS = { scheduleToCloseTimeout: '10 minutes' } as const;

async function list(state: DirectoriesState, part: WriteDirectoriesInput): Promise<void> {
  if (!CancellationScope.current().consideredCancelled) {
    enterDirectories(state, 'reporting');
    try {
      return await write(state, part);
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
  }
  try {
    await CancellationScope.nonCancellable(() => write(state, part, LAST_WORDS));
  } catch (error) {
    log.error('The manifest of a run that was stopped could not be written', { message: failureIn(error).message });
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
function report(state: DirectoriesState): DirectoriesReport {
  if (CancellationScope.current().consideredCancelled) {
    publishDirectoriesReport(state);
    throw new CancelledFailure('The run was stopped');
  }
  enterDirectories(state, 'done');
  const result = directoriesReportOf(state);
  if (result === undefined) throw new Error('there is nothing to report');
  if (state.halted === null) return result;
  const { directoryId, type, message } = state.halted;
  const { skipped, total } = state.directories;
  const rest = `No more batches were made: ${skipped} of ${total} directories were skipped.`;
  throw ApplicationFailure.nonRetryable(`directory ${directoryId}: ${message} ${rest}`, type, result);
}
