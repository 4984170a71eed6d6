import type { OpenedBatch, ResultRow } from '../../activities/types.js';
import {
  type BatchPhase,
  type BatchProgress,
  type BatchReport,
  COUNTER_BY_STATUS,
  type FileFailure,
  type ManifestLine,
  type RedrivingFile,
  settledCount,
} from '../../protocol/index.js';
import { addCosts, addFailure, newRunState, type RunState, toRunProgress, toRunReport } from '../shared/run-state.js';
import { addPreviousJobs } from './previous-jobs.js';

/** A file of the page of results that is being processed. */
export interface PageFile {
  row: ResultRow;
  /** Whether its job is known to have ended. */
  jobEnded: boolean;
  /** Its line of the manifest; `null` until its outcome is known. */
  line: ManifestLine | null;
  /** LlamaCloud has FAILED its job, and it may get another one: the line that it has if it gets none. */
  failedLine?: ManifestLine | null;
}

export interface OpenPage {
  files: PageFile[];
  /** Files after this page. */
  remaining: number;
}

/** The state of a batch run. Plain JSON: continue-as-new carries it. */
export interface BatchState extends RunState<BatchPhase, FileFailure> {
  opened: OpenedBatch | null;
  batchId: string | null;
  /** Last status seen of the batch. */
  status: string | null;
  /** When the batch was first polled. */
  waitingSinceMs: number | null;
  /** When the results were first asked for. */
  resultsSinceMs: number | null;
  /** When the first page of results was read: the time of all jobs counts from then on. */
  jobsSinceMs: number | null;
  page: OpenPage | null;
  /** LlamaCloud returned no results for the last page, so the manifest may lack files. */
  resultsMissing: boolean;
  /** Files whose job is known to have ended. */
  jobsEnded: number;
  /** Jobs that files have got in place of jobs that FAILED. */
  redrivenJobs: number;
  /** When the run was cancelled, or passed its deadline. */
  stopRequestedAtMs: number | null;
  /** What the run waits for other than LlamaCloud: another run that has the create lock. A sentence. */
  waitingFor: string | null;
  /** Whether a `wake` signal has come since the last poll began. */
  wakeRequested: boolean;
}

export function newBatchState(startedAtMs: number): BatchState {
  return {
    ...newRunState(startedAtMs),
    opened: null,
    batchId: null,
    status: null,
    waitingSinceMs: null,
    resultsSinceMs: null,
    jobsSinceMs: null,
    page: null,
    resultsMissing: false,
    jobsEnded: 0,
    redrivenJobs: 0,
    stopRequestedAtMs: null,
    waitingFor: null,
    wakeRequested: false,
  };
}

export function recordJobEnd(state: BatchState, file: PageFile): void {
  if (file.jobEnded || file.row.job === null) return;
  file.jobEnded = true;
  state.jobsEnded += 1;
}

/** Records the outcome of one file: its line of the manifest, the counts and the costs. Returns the line. */
export function recordFileOutcome(state: BatchState, file: PageFile, outcome: ManifestLine): ManifestLine {
  const line = file.row.storedLine === null ? addPreviousJobs(outcome, file.row.previousJobs) : outcome;
  file.line = line;
  file.failedLine = null;
  state.files[COUNTER_BY_STATUS[line.status]] += 1;
  addCosts(state, line);
  if (line.status === 'COMPLETED' || line.error?.type === 'JobFailed') recordJobEnd(state, file);
  // A skipped file has not failed: it is in the counts and in the manifest.
  if (line.error === null || line.status === 'SKIPPED') return line;
  const { fileId, name, jobId, error } = line;
  const failure = { fileId, ...(name !== null && { name }), ...(jobId !== null && { jobId }), ...error };
  addFailure(state, failure, state.opened?.input.reportedFailures ?? 0);
  return line;
}

const MAX_REDRIVING = 5;

/** The first files that wait for a job in place of a failed one, or for its end. */
export function listRedriving({ page }: BatchState): RedrivingFile[] {
  const files: RedrivingFile[] = [];
  for (const { row, line, failedLine } of page?.files ?? []) {
    const last = row.previousJobs?.at(-1);
    if (files.length >= MAX_REDRIVING || line !== null || row.job === null) continue;
    const { fileId, name, job } = row;
    const file = { fileId, ...(name !== null && { name }) };
    if (failedLine != null) files.push({ ...file, failedJobId: job.id, jobId: null });
    else if (last !== undefined) files.push({ ...file, failedJobId: last.jobId, jobId: job.id });
  }
  return files;
}

/** Counts the files of pages that were not read as skipped. Returns how many there are. */
export function skipUnreadFiles({ files }: BatchState): number {
  const unread = files.total - settledCount(files);
  files.skipped += unread;
  return unread;
}

/** 9.2 % of 750 files are 68.999... by the arithmetic of floating-point numbers. */
const ROUNDING = 1e-6;

/**
 * Whether more files failed than the input allows. The limits do not apply to a batch or a run that is cancelled: it collects what
 * had finished.
 */
export function hasTooManyFailures({ opened, files, status, phase }: BatchState): boolean {
  if (status !== 'COMPLETED' || phase === 'stopping') return false;
  const failed = files.failed + files.cancelled;
  const { maxFailedFiles = Number.POSITIVE_INFINITY, maxFailedPercent = 100 } = opened?.input ?? {};
  return failed > maxFailedFiles || failed - (maxFailedPercent * files.total) / 100 > ROUNDING;
}

export function toProgress(state: BatchState): BatchProgress {
  const redriving = listRedriving(state);
  return {
    ...toRunProgress(state, state.opened?.input.job ?? null),
    directoryId: state.opened?.input.directoryId ?? null,
    batchId: state.batchId,
    batchStatus: state.status,
    directoryFileCount: state.opened?.directoryFileCount ?? null,
    jobsEnded: state.jobsEnded,
    waitingFor: state.waitingFor,
    ...(state.redrivenJobs > 0 && { redrivenJobs: state.redrivenJobs }),
    ...(redriving.length > 0 && { redriving }),
  };
}

/** The run's result; `undefined` until there is a batch. */
export function toReport(state: BatchState): BatchReport | undefined {
  const { opened, batchId, status, redrivenJobs } = state;
  if (opened === null || batchId === null || status === null) return undefined;
  const { directoryId, job } = opened.input;
  return { batchId, directoryId, status, ...toRunReport(state, job), ...(redrivenJobs > 0 && { redrivenJobs }) };
}
