import type { OpenedDirectories } from '../../activities/types.js';
import {
  type BatchReport,
  DIRECTORIES_PAGE_SIZE,
  type DirectoriesPhase,
  type DirectoriesProgress,
  type DirectoriesReport,
  type DirectoryCounts,
  type DirectoryFailure,
  type DirectoryLine,
  type DirectoryStatus,
  type FailureSummary,
  MAX_REPORTED_FAILURES,
  type StuckDirectory,
} from '../../protocol/index.js';
import {
  addCosts,
  addFailure,
  COUNTER_BY_STATUS,
  newRunState,
  type RunState,
  toRunProgress,
  toRunReport,
  zeroCounts,
} from '../shared/run-state.js';

/** The state of a run over many directories. Plain JSON: continue-as-new carries it. */
export interface DirectoriesState extends RunState<DirectoriesPhase, DirectoryFailure> {
  opened: OpenedDirectories | null;
  /** Directories per page: the run continues as new after each page. Not an option: only tests want another number. */
  pageSize: number;
  /** Directories whose line is in a part of the manifest. */
  listedCount: number;
  directories: DirectoryCounts;
  /** The failure after which no more batches are created, since every other directory would fail with it. */
  haltCause: DirectoryFailure | null;
  /** For each directory whose batch is open: since when it is stuck, ISO 8601. `null`: it is not. */
  stuckSince: Record<string, string | null>;
  /** When a run that is stopping gives up its manifest, epoch milliseconds. `null` until it writes the first part. */
  manifestDeadlineMs: number | null;
}

export function newDirectoriesState(startedAtMs: number): DirectoriesState {
  return {
    ...newRunState(startedAtMs),
    opened: null,
    pageSize: DIRECTORIES_PAGE_SIZE,
    listedCount: 0,
    directories: zeroCounts(),
    haltCause: null,
    stuckSince: {},
    manifestDeadlineMs: null,
  };
}

/** Outcome of one directory, and what is known of its batch. */
export interface DirectoryOutcome {
  status: DirectoryStatus;
  batchId?: string;
  report?: BatchReport;
  failure?: FailureSummary;
  /** Whether the failure says nothing about the other directories. */
  concernsOneDirectory?: boolean;
}

/** Counts a directory and its files, and returns its line of the manifest. */
export function recordDirectory(
  state: DirectoriesState,
  directoryId: string,
  { status, report, batchId = report?.batchId, failure }: DirectoryOutcome,
): DirectoryLine {
  state.directories[COUNTER_BY_STATUS[status]] += 1;
  if (report !== undefined) {
    addFiles(state, report);
    addCosts(state, report);
  }
  // A skipped directory has not failed: it is in the counts and in the manifest.
  if (failure !== undefined && status !== 'SKIPPED')
    addFailure(state, { directoryId, ...(batchId !== undefined && { batchId }), ...failure }, MAX_REPORTED_FAILURES);
  return {
    directoryId,
    batchId: batchId ?? null,
    status,
    files: report?.files ?? null,
    manifest: report?.manifest ?? null,
    error: failure ?? null,
  };
}

function addFiles(state: DirectoriesState, { files }: BatchReport): void {
  for (const name of ['total', 'completed', 'failed', 'cancelled', 'skipped'] as const)
    state.files[name] += files[name];
}

export function toDirectoriesProgress(state: DirectoriesState): DirectoriesProgress {
  return {
    ...toRunProgress(state, state.opened?.job ?? null),
    directories: state.directories,
    stuckDirectories: findStuckDirectories(state),
  };
}

export function findStuckDirectories({ stuckSince }: DirectoriesState): StuckDirectory[] {
  return Object.entries(stuckSince).flatMap(([directoryId, since]) => (since === null ? [] : [{ directoryId, since }]));
}

/** The run's result; `undefined` until the input is validated. */
export function toDirectoriesReport(state: DirectoriesState): DirectoriesReport | undefined {
  if (state.opened === null) return undefined;
  return { ...toRunReport(state, state.opened.job), directories: state.directories };
}
