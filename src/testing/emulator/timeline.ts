import type { Batch, Job } from './model.js';
import type { Settings } from './settings.js';

// Statuses are computed from the elapsed time when they are read. No timers, so that many jobs cost nothing.

export interface State {
  readonly status: string;
  /** When the status began, in ms of the epoch. */
  readonly sinceMs: number;
}

const TERMINAL = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

export function isTerminal(status: string): boolean {
  return TERMINAL.has(status);
}

/** When a batch created at `createdAtMs` becomes RUNNING, and when it becomes COMPLETED unless it is cancelled. */
export function batchClock(createdAtMs: number, settings: Settings): { runningAtMs: number; completedAtMs: number } {
  const runningAtMs = createdAtMs + settings.batchPendingMs + settings.batchThrottledMs;
  return { runningAtMs, completedAtMs: runningAtMs + settings.batchRunningMs };
}

/** The status of a batch now. */
export function batchState(batch: Batch, nowMs: number, settings: Settings): State {
  if (batch.forced !== null) return { status: batch.forced.status, sinceMs: batch.forced.atMs };
  if (batch.cancel !== null && nowMs >= batch.cancel.doneAtMs) {
    return { status: 'CANCELLED', sinceMs: batch.cancel.doneAtMs };
  }
  if (batch.cancel === null && batch.finishedAtMs !== null) return { status: 'COMPLETED', sinceMs: batch.finishedAtMs };

  const { runningAtMs, completedAtMs } = batchClock(batch.createdAtMs, settings);
  const throttledAtMs = batch.createdAtMs + settings.batchPendingMs;
  if (nowMs < throttledAtMs) return { status: 'PENDING', sinceMs: batch.createdAtMs };
  if (nowMs < runningAtMs) return { status: 'THROTTLED', sinceMs: throttledAtMs };
  // A batch that is being cancelled stays RUNNING until it is CANCELLED.
  if (nowMs < completedAtMs || batch.cancel !== null) return { status: 'RUNNING', sinceMs: runningAtMs };
  return { status: 'COMPLETED', sinceMs: completedAtMs };
}

/** When the status of a batch changes next by itself (ms of the epoch), or null if it does not. */
export function nextBatchChangeMs(batch: Batch, nowMs: number, settings: Settings): number | null {
  if (isTerminal(batchState(batch, nowMs, settings).status) || batch.forced !== null) return null;
  const { runningAtMs, completedAtMs } = batchClock(batch.createdAtMs, settings);
  const changesMs = [batch.createdAtMs + settings.batchPendingMs, runningAtMs, completedAtMs];
  if (batch.cancel !== null) changesMs.push(batch.cancel.doneAtMs);
  const upcomingMs = changesMs.filter((atMs) => atMs > nowMs && Number.isFinite(atMs));
  return upcomingMs.length === 0 ? null : Math.min(...upcomingMs);
}

/** When a file was or will be mapped (ms of the epoch), or null if the batch was cancelled before. */
export function mappedAt(batch: Batch, row: { readonly mappedAtMs: number }): number | null {
  const atMs = batch.finishedAtMs === null ? row.mappedAtMs : Math.min(row.mappedAtMs, batch.finishedAtMs);
  return batch.cancel !== null && atMs > batch.cancel.requestedAtMs ? null : atMs;
}

/** The status of a job now, or null while its file is not mapped. */
export function jobState(job: Job, nowMs: number, settings: Settings): State | null {
  const createdAtMs = job.batch === null ? job.mappedAtMs : mappedAt(job.batch, job);
  if (createdAtMs === null || createdAtMs > nowMs) return null;
  if (job.forced !== null) return { status: job.forced.status, sinceMs: job.forced.atMs };

  const runsFromMs = createdAtMs + settings.jobPendingMs;
  const clockEndMs = job.finishedAtMs ?? runsFromMs + job.runningMs;
  const endMs = job.outcome === null ? Number.POSITIVE_INFINITY : Math.max(clockEndMs, job.outcomeAtMs);
  const cancelMs = Math.min(
    job.cancelledAtMs ?? Number.POSITIVE_INFINITY,
    job.batch?.cancel?.stopsJobs === true ? job.batch.cancel.doneAtMs : Number.POSITIVE_INFINITY,
  );
  if (nowMs >= endMs && endMs <= cancelMs && job.outcome !== null) {
    return { status: 'error' in job.outcome ? 'FAILED' : 'COMPLETED', sinceMs: endMs };
  }
  if (nowMs >= cancelMs) return { status: 'CANCELLED', sinceMs: cancelMs };
  if (nowMs < runsFromMs && job.finishedAtMs === null) return { status: 'PENDING', sinceMs: createdAtMs };
  return { status: 'RUNNING', sinceMs: runsFromMs };
}

/** When a job was created (ms of the epoch). Only for jobs that have a {@link jobState}. */
export function jobCreatedAtMs(job: Job): number {
  return (job.batch === null ? null : mappedAt(job.batch, job)) ?? job.mappedAtMs;
}
