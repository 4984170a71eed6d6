import { type ActivityOptions, CancellationScope, isCancellation, log, workflowInfo } from '@temporalio/workflow';
import type { OpenedDirectories, WriteDirectoriesManifestInput } from '../../activities/types.js';
import {
  type DirectoryLine,
  type FailureType,
  type ProcessDirectoriesInput,
  rootFailure,
} from '../../protocol/index.js';
import { writeDirectoriesManifest } from '../shared/activities.js';
import { openLimit } from '../shared/control.js';
import { ReadyQueue } from '../shared/ready-queue.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { processDirectory } from './directory-batch.js';
import { publishDirectories, setDirectoriesPhase } from './publish.js';
import { type DirectoriesState, type DirectoryOutcome, recordDirectory } from './state.js';
import { forgetBatch, trackBatch } from './stuck-directories.js';

/** Runs a batch for each directory of a page, and writes their lines. Returns whether another page remains. */
export async function processDirectoriesPage(
  state: DirectoriesState,
  opened: OpenedDirectories,
  input: ProcessDirectoriesInput,
): Promise<boolean> {
  if (reasonToSkip(state) === undefined) setDirectoriesPhase(state, 'processing');
  // Validation trims the ids, but leaves the input as it is.
  const page = input.directoryIds.slice(state.listedCount, state.listedCount + state.pageSize).map((id) => id.trim());
  const lines = await processAll(state, opened, input, page);
  state.listedCount += page.length;
  const isLast = state.listedCount >= opened.total;
  await writeLines(state, {
    firstRunId: workflowInfo().firstExecutionRunId,
    storeId: opened.storeId,
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
  opened: OpenedDirectories,
  input: ProcessDirectoriesInput,
  page: readonly string[],
): Promise<DirectoryLine[]> {
  const lines = new Array<DirectoryLine | undefined>(page.length);
  const queue = new ReadyQueue<[number, string]>(() => openLimit(state, opened.maxConcurrentBatches));
  for (const entry of page.entries()) queue.add(entry);
  queue.close();
  const process = async ([index, directoryId]: [number, string]) => {
    lines[index] = recordDirectory(state, directoryId, await processOne(state, opened, input, directoryId));
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
  opened: OpenedDirectories,
  input: ProcessDirectoriesInput,
  directoryId: string,
): Promise<DirectoryOutcome> {
  state.running += 1;
  trackBatch(state, directoryId);
  publishDirectories(state);
  try {
    const outcome = await processDirectory(input, opened, state, directoryId);
    const { failure, concernsOneDirectory } = outcome;
    if (failure !== undefined && ACCOUNT_WIDE_FAILURES.has(failure.type) && concernsOneDirectory !== true)
      state.haltCause ??= { directoryId, ...failure };
    return outcome;
  } finally {
    state.running -= 1;
    forgetBatch(state, directoryId);
  }
}

/** Failures that every other directory would have as well, since they come from the account, from LlamaCloud or from the options. */
const ACCOUNT_WIDE_FAILURES: ReadonlySet<string> = new Set<FailureType>([
  'OutOfCredits',
  'NotAuthorized',
  'CreateOutcomeUnknown',
  'InvalidInput',
]);

/** Why the other directories are skipped; `undefined` while batches are created. */
export function reasonToSkip({ haltCause }: DirectoriesState): string | undefined {
  if (CancellationScope.current().consideredCancelled) return 'the run was stopped';
  return haltCause === null
    ? undefined
    : `directory ${haltCause.directoryId} failed with ${haltCause.type}, and every other directory would fail with it too`;
}

/** Limit on writing all parts of the manifest while the run is stopping, in milliseconds, so that the run ends. */
const MANIFEST_TIMEOUT_MS = 10 * 60_000;

async function writeLines(state: DirectoriesState, part: WriteDirectoriesManifestInput): Promise<void> {
  if (!CancellationScope.current().consideredCancelled) {
    setDirectoriesPhase(state, 'reporting');
    try {
      return await write(state, part);
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
  }
  state.manifestDeadlineMs ??= Date.now() + MANIFEST_TIMEOUT_MS;
  const remainingMs = state.manifestDeadlineMs - Date.now();
  if (remainingMs <= 0) return;
  try {
    await CancellationScope.nonCancellable(() => write(state, part, { scheduleToCloseTimeout: remainingMs }));
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    log.error('The manifest of a run that was stopped could not be written', { message: rootFailure(error).message });
    // Without this part there is no manifest, so the later parts are not tried.
    state.manifestDeadlineMs = 0;
  }
}

async function write(
  state: DirectoriesState,
  part: WriteDirectoriesManifestInput,
  options: ActivityOptions = {},
): Promise<void> {
  const summary = `Write ${part.lines.length} manifest lines`;
  const location = await writeDirectoriesManifest.executeWithOptions({ ...options, summary }, [part]);
  if (part.isLast) state.manifest = location;
}
