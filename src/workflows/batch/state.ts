import type { OpenedBatch, ResultRow } from '../../activities/types.js';
import {
  type BatchPhase,
  type BatchProgress,
  type BatchReport,
  COUNTER_BY_STATUS,
  type FailureSummary,
  type FileCounts,
  type FileFailure,
  type ManifestLine,
  noFiles,
  settledCount,
} from '../../protocol/index.js';

const SHOWN_FAILURES = 5;

/** A page of results that is being processed. */
export interface OpenPage {
  rows: ResultRow[];
  /** Line of the manifest for each row, `null` while its outcome is not known. */
  lines: (ManifestLine | null)[];
  /** Files after this page. */
  remaining: number;
}

/** Everything a batch run knows. Plain JSON: it is what continue-as-new carries. */
export interface BatchState {
  phase: BatchPhase;
  startedAtMs: number;
  opened: OpenedBatch | null;
  batchId: string | null;
  status: string | null;
  /** When the batch was first waited for. */
  waitingSinceMs: number | null;
  /** When the results were first asked for. */
  resultsSinceMs: number | null;
  page: OpenPage | null;
  /** Parts of the manifest that are written, one for each page. */
  parts: number;
  manifest: string | null;
  files: FileCounts;
  /** Child workflows that are open. */
  running: number;
  failures: FileFailure[];
  lastFailures: FileFailure[];
  bytes: number;
  credits: number | null;
  /** When the run was cancelled, or passed its deadline. */
  stopRequestedAtMs: number | null;
  /** What the run waits for that is not LlamaCloud, in words. */
  blockedBy: string | null;
  /** Why the run ended badly. */
  failure: FailureSummary | null;
  /** `wake` signals so far. */
  wakeRequests: number;
}

export function newState(startedAtMs: number): BatchState {
  return {
    phase: 'opening',
    startedAtMs,
    opened: null,
    batchId: null,
    status: null,
    waitingSinceMs: null,
    resultsSinceMs: null,
    page: null,
    parts: 0,
    manifest: null,
    files: noFiles(),
    running: 0,
    failures: [],
    lastFailures: [],
    bytes: 0,
    credits: null,
    stopRequestedAtMs: null,
    blockedBy: null,
    failure: null,
    wakeRequests: 0,
  };
}

/** Records the outcome of one file: its line of the manifest, and what follows from it for the counts. */
export function recordFileOutcome(state: BatchState, page: OpenPage, index: number, line: ManifestLine): void {
  page.lines[index] = line;
  state.files[COUNTER_BY_STATUS[line.status]] += 1;
  state.bytes += line.bytes ?? 0;
  if (line.credits !== null) state.credits = (state.credits ?? 0) + line.credits;
  // A skipped file has not failed: it is in the counts and in the manifest.
  if (line.error === null || line.status === 'SKIPPED') return;
  const { fileId, name, jobId, error } = line;
  const failure = { fileId, ...(name !== null && { name }), ...(jobId !== null && { jobId }), ...error };
  if (state.failures.length < (state.opened?.request.reportedFailures ?? 0)) state.failures.push(failure);
  state.lastFailures = [...state.lastFailures, failure].slice(-SHOWN_FAILURES);
}

/**
 * Does the run have more failed files than its input allows? Of a batch or a run that is cancelled, what had finished
 * is collected, however many failed.
 */
export function hasTooManyFailures({ opened, files, status, phase }: BatchState): boolean {
  if (status !== 'COMPLETED' || phase === 'stopping') return false;
  const failed = files.failed + files.cancelled;
  const { maxFailedFiles = Number.POSITIVE_INFINITY, maxFailedPercent = 100 } = opened?.request ?? {};
  return failed > maxFailedFiles || failed * 100 > maxFailedPercent * files.total;
}

export function toProgress(state: BatchState): BatchProgress {
  return {
    phase: state.phase,
    directoryId: state.opened?.request.directoryId ?? null,
    job: state.opened?.request.job ?? null,
    batchId: state.batchId,
    batchStatus: state.status,
    files: state.files,
    running: state.running,
    lastFailures: state.lastFailures,
    failure: state.failure,
    startedAt: new Date(state.startedAtMs).toISOString(),
    manifest: state.manifest,
  };
}

/** Counts the files of pages that were never read as skipped. Returns how many there are. */
export function skipUnread({ files }: BatchState): number {
  const unread = files.total - settledCount(files);
  files.skipped += unread;
  return unread;
}

/** The run's result; `undefined` while there is no batch to report on. */
export function toReport(state: BatchState): BatchReport | undefined {
  const { opened, batchId, status } = state;
  if (opened === null || batchId === null || status === null) return undefined;
  const { directoryId, job } = opened.request;
  const { files, failures, bytes, credits, manifest } = state;
  return { batchId, directoryId, job, status, files, failures, bytes, credits, manifest };
}
