import type { OpenedBatch, ResultRow, ResultsCursor } from '../activities/types.js';
import {
  type BatchPhase,
  type BatchProgress,
  type BatchReport,
  type FileCounts,
  type FileFailure,
  type FileStatus,
  type JobOutcome,
  type ManifestEntry,
  REPORTED_FAILURES,
} from '../protocol/index.js';

const SHOWN_FAILURES = 5;

/** Everything a batch run knows. Plain JSON: it is what continue-as-new carries. */
export interface BatchState {
  phase: BatchPhase;
  startedAtMs: number;
  opened: OpenedBatch | null;
  batchId: string | null;
  status: string | null;
  files: FileCounts;
  running: number;
  failures: FileFailure[];
  lastFailures: FileFailure[];
  bytes: number;
  credits: number | null;
  /** When the results were first asked for. */
  resultsSinceMs: number | null;
  /** When the jobs of this page were first waited for. */
  jobsSinceMs: number | null;
  /** Pages of results that are done, each a part of the manifest. */
  pages: number;
  cursor: ResultsCursor | null;
  manifest: string | null;
  /** `wake` signals so far: each makes what is being waited for be looked at again. */
  wakes: number;
}

export function newState(startedAtMs: number): BatchState {
  return {
    phase: 'opening',
    startedAtMs,
    opened: null,
    batchId: null,
    status: null,
    files: { total: 0, completed: 0, failed: 0, cancelled: 0, skipped: 0 },
    running: 0,
    failures: [],
    lastFailures: [],
    bytes: 0,
    credits: null,
    resultsSinceMs: null,
    jobsSinceMs: null,
    pages: 0,
    cursor: null,
    manifest: null,
    wakes: 0,
  };
}

/** What became of a file that has no document. */
export interface FileProblem {
  status: Exclude<FileStatus, 'COMPLETED'>;
  type: string;
  message: string;
}

/** What a child made of a file, or why it made nothing. */
export interface FileOutcome {
  document?: Partial<JobOutcome>;
  problem?: FileProblem;
}

const COUNTED = { COMPLETED: 'completed', FAILED: 'failed', CANCELLED: 'cancelled', SKIPPED: 'skipped' } as const;

/** Counts a file, and returns its line of the manifest. */
export function record(state: BatchState, row: ResultRow, outcome: FileOutcome): ManifestEntry {
  const { document = {}, problem = null } = outcome;
  const status = problem?.status ?? 'COMPLETED';
  state.files[COUNTED[status]] += 1;
  state.bytes += document.bytes ?? 0;
  if (document.credits != null) state.credits = (state.credits ?? 0) + document.credits;
  // A skipped file has not failed: it is in the counts and in the manifest.
  if (problem !== null && status !== 'SKIPPED') noteFailure(state, row, problem);
  // The next activity's input: what is missing takes no room in history.
  return {
    fileId: row.fileId,
    ...(row.name === undefined ? {} : { name: row.name }),
    ...(row.job === undefined ? {} : { jobId: row.job.id }),
    ...(row.job === undefined || row.job.type === state.opened?.request.job.type ? {} : { jobType: row.job.type }),
    ...(problem === null ? {} : { status, error: { type: problem.type, message: problem.message } }),
    ...(document.output === undefined ? {} : { output: document.output }),
    ...(document.bytes === undefined ? {} : { bytes: document.bytes }),
    ...(document.sha256 === undefined ? {} : { sha256: document.sha256 }),
    ...(document.credits == null ? {} : { credits: document.credits }),
  };
}

function noteFailure(state: BatchState, row: ResultRow, { type, message }: FileProblem): void {
  const failure: FileFailure = {
    fileId: row.fileId,
    ...(row.name === undefined ? {} : { name: row.name }),
    ...(row.job === undefined ? {} : { jobId: row.job.id }),
    type,
    message,
  };
  const { reportedFailures = REPORTED_FAILURES } = state.opened?.request ?? {};
  if (state.failures.length < reportedFailures) state.failures.push(failure);
  state.lastFailures = [...state.lastFailures, failure].slice(-SHOWN_FAILURES);
}

/** Does the run have more failed files than its input allows? */
export function hasTooManyFailures({ opened, files }: BatchState): boolean {
  const failed = files.failed + files.cancelled;
  const { maxFailedFiles = Number.POSITIVE_INFINITY, maxFailedPercent = 100 } = opened?.request ?? {};
  return failed > maxFailedFiles || failed * 100 > maxFailedPercent * files.total;
}

export function progressOf(state: BatchState): BatchProgress {
  return {
    phase: state.phase,
    directoryId: state.opened?.request.directoryId ?? null,
    job: state.opened?.request.job ?? null,
    batchId: state.batchId,
    batchStatus: state.status,
    files: state.files,
    running: state.running,
    lastFailures: state.lastFailures,
    startedAt: new Date(state.startedAtMs).toISOString(),
    manifest: state.manifest,
  };
}

/** The run's result; `undefined` while there is no batch to report on. */
export function reportOf(state: BatchState): BatchReport | undefined {
  const { opened, batchId, status } = state;
  if (opened === null || batchId === null || status === null) return undefined;
  const { directoryId, job } = opened.request;
  const { files, failures, bytes, credits, manifest } = state;
  return { batchId, directoryId, job, status, files, failures, bytes, credits, manifest };
}
