import type { OpenedDirectories } from '../../activities/types.js';
import {
  type BatchReport,
  COUNTER_BY_STATUS,
  DIRECTORIES_PAGE_SIZE,
  type DirectoriesPhase,
  type DirectoriesProgress,
  type DirectoriesReport,
  type DirectoryCounts,
  type DirectoryFailure,
  type DirectoryLine,
  type DirectoryStatus,
  type FailureSummary,
  type FileCounts,
  noFiles,
  REPORTED_FAILURES,
} from '../../protocol/index.js';

const SHOWN_FAILURES = 5;

/** Everything a run over many directories knows. Plain JSON: it is what continue-as-new carries. */
export interface DirectoriesState {
  phase: DirectoriesPhase;
  startedAtMs: number;
  opened: OpenedDirectories | null;
  /** Directories between two continue-as-new. Carried and not an option, since only tests want another number. */
  pageSize: number;
  /** Directories that are done, each with its line in a part of the manifest. */
  listed: number;
  /** Parts of the manifest that are written. */
  parts: number;
  directories: DirectoryCounts;
  files: FileCounts;
  /** Batches that are open. */
  running: number;
  failures: DirectoryFailure[];
  lastFailures: DirectoryFailure[];
  /** Why no more batches are started, although nobody has stopped the run. */
  haltCause: DirectoryFailure | null;
  bytes: number;
  credits: number | null;
  manifest: string | null;
  /** Why the run ended badly. */
  failure: FailureSummary | null;
}

export function newDirectoriesState(startedAtMs: number): DirectoriesState {
  return {
    phase: 'opening',
    startedAtMs,
    opened: null,
    pageSize: DIRECTORIES_PAGE_SIZE,
    listed: 0,
    parts: 0,
    directories: noFiles(),
    files: noFiles(),
    running: 0,
    failures: [],
    lastFailures: [],
    haltCause: null,
    bytes: 0,
    credits: null,
    manifest: null,
    failure: null,
  };
}

/** Outcome of one directory, and what is known of its batch. */
export interface DirectoryOutcome {
  status: DirectoryStatus;
  batchId?: string;
  report?: BatchReport;
  failure?: FailureSummary;
}

/** Counts a directory and its files, and returns its line of the manifest. */
export function recordDirectory(
  state: DirectoriesState,
  directoryId: string,
  { status, report, batchId = report?.batchId, failure }: DirectoryOutcome,
): DirectoryLine {
  state.directories[COUNTER_BY_STATUS[status]] += 1;
  if (report !== undefined) addFiles(state, report);
  // A skipped directory has not failed: it is in the counts and in the manifest.
  if (failure !== undefined && status !== 'SKIPPED')
    addFailure(state, { directoryId, ...(batchId !== undefined && { batchId }), ...failure });
  return {
    directoryId,
    batchId: batchId ?? null,
    status,
    files: report?.files ?? null,
    manifest: report?.manifest ?? null,
    error: failure ?? null,
  };
}

function addFiles(state: DirectoriesState, { files, bytes, credits }: BatchReport): void {
  for (const name of ['total', 'completed', 'failed', 'cancelled', 'skipped'] as const)
    state.files[name] += files[name];
  state.bytes += bytes;
  if (credits !== null) state.credits = (state.credits ?? 0) + credits;
}

function addFailure(state: DirectoriesState, failure: DirectoryFailure): void {
  if (state.failures.length < REPORTED_FAILURES) state.failures.push(failure);
  state.lastFailures = [...state.lastFailures, failure].slice(-SHOWN_FAILURES);
}

export function toDirectoriesProgress(state: DirectoriesState): DirectoriesProgress {
  return {
    phase: state.phase,
    job: state.opened?.job ?? null,
    directories: state.directories,
    files: state.files,
    running: state.running,
    lastFailures: state.lastFailures,
    failure: state.failure,
    startedAt: new Date(state.startedAtMs).toISOString(),
    manifest: state.manifest,
  };
}

/** The run's result; `undefined` while the input is not known to be right. */
export function toDirectoriesReport(state: DirectoriesState): DirectoriesReport | undefined {
  if (state.opened === null) return undefined;
  const { directories, files, failures, bytes, credits, manifest } = state;
  return { job: state.opened.job, directories, files, failures, bytes, credits, manifest };
}
