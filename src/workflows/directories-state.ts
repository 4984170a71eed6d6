import {
  type BatchReport,
  DIRECTORIES_PAGE_SIZE,
  type DirectoriesPhase,
  type DirectoriesProgress,
  type DirectoriesReport,
  type DirectoriesRequest,
  type DirectoryCounts,
  type DirectoryEntry,
  type DirectoryFailure,
  type DirectoryStatus,
  type FileCounts,
  REPORTED_FAILURES,
} from '../protocol/index.js';

const SHOWN_FAILURES = 5;

/** Everything a run over many directories knows. Plain JSON: it is what continue-as-new carries. */
export interface DirectoriesState {
  phase: DirectoriesPhase;
  startedAtMs: number;
  opened: DirectoriesRequest | null;
  /** Directories between two continue-as-new. Carried and not given, since nobody but a test wants it otherwise. */
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
  halted: DirectoryFailure | null;
  bytes: number;
  credits: number | null;
  manifest: string | null;
}

export function newDirectoriesState(startedAtMs: number): DirectoriesState {
  return {
    phase: 'opening',
    startedAtMs,
    opened: null,
    pageSize: DIRECTORIES_PAGE_SIZE,
    listed: 0,
    parts: 0,
    directories: noCounts(),
    files: noCounts(),
    running: 0,
    failures: [],
    lastFailures: [],
    halted: null,
    bytes: 0,
    credits: null,
    manifest: null,
  };
}

function noCounts(): FileCounts {
  return { total: 0, completed: 0, failed: 0, cancelled: 0, skipped: 0 };
}

/** What became of one directory, and what is known of its batch. */
export interface DirectoryOutcome {
  status: DirectoryStatus;
  batchId?: string;
  report?: BatchReport;
  problem?: { type: string; message: string };
}

const COUNTED = { COMPLETED: 'completed', FAILED: 'failed', CANCELLED: 'cancelled', SKIPPED: 'skipped' } as const;

/** Counts a directory and its files, and returns its line of the manifest. */
export function recordDirectory(
  state: DirectoriesState,
  directoryId: string,
  outcome: DirectoryOutcome,
): DirectoryEntry {
  const { status, report, batchId = report?.batchId, problem } = outcome;
  state.directories[COUNTED[status]] += 1;
  if (report !== undefined) add(state, report);
  const batch = batchId === undefined ? {} : { batchId };
  // A skipped directory has not failed: it is in the counts and in the manifest.
  if (problem !== undefined && status !== 'SKIPPED') noteFailure(state, { directoryId, ...batch, ...problem });
  // The next activity's input: what is missing takes no room in history.
  return {
    directoryId,
    ...batch,
    status,
    ...(report === undefined ? {} : { files: report.files, manifest: report.manifest }),
    ...(problem === undefined ? {} : { error: problem }),
  };
}

function add(state: DirectoriesState, { files, bytes, credits }: BatchReport): void {
  for (const name of ['total', 'completed', 'failed', 'cancelled', 'skipped'] as const)
    state.files[name] += files[name];
  state.bytes += bytes;
  if (credits !== null) state.credits = (state.credits ?? 0) + credits;
}

function noteFailure(state: DirectoriesState, failure: DirectoryFailure): void {
  if (state.failures.length < REPORTED_FAILURES) state.failures.push(failure);
  state.lastFailures = [...state.lastFailures, failure].slice(-SHOWN_FAILURES);
}

export function directoriesProgressOf(state: DirectoriesState): DirectoriesProgress {
  return {
    phase: state.phase,
    job: state.opened?.job ?? null,
    directories: state.directories,
    files: state.files,
    running: state.running,
    lastFailures: state.lastFailures,
    startedAt: new Date(state.startedAtMs).toISOString(),
    manifest: state.manifest,
  };
}

/** The run's result; `undefined` while the input is not known to be right. */
export function directoriesReportOf(state: DirectoriesState): DirectoriesReport | undefined {
  if (state.opened === null) return undefined;
  const { directories, files, failures, bytes, credits, manifest } = state;
  return { job: state.opened.job, directories, files, failures, bytes, credits, manifest };
}
