/** What the report and the progress of a run over one batch and of a run over many directories have in common. */
import type { Pause } from './control.js';
import type { FailureSummary } from './failures.js';
import type { BatchJob } from './input.js';
import type { Stuck } from './stuck.js';

/**
 * Outcome of one file. `SKIPPED`: no document was collected, because the run was stopped or too many other files had failed. Its job may
 * have run and been billed.
 */
export type FileStatus = 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'SKIPPED';

/** Counts of files by outcome. They add up to `total` once the run has ended. */
export interface FileCounts {
  total: number;
  completed: number;
  failed: number;
  cancelled: number;
  skipped: number;
}

/** Files whose outcome is known. */
export function settledCount({ completed, failed, cancelled, skipped }: FileCounts): number {
  return completed + failed + cancelled + skipped;
}

export interface RunReport<Failure> {
  job: BatchJob;
  files: FileCounts;
  /** The first 100 by default, or 5 in the report of each batch of `processDirectories`: see `reportedFailures`. The manifest has all. */
  failures: Failure[];
  /** Bytes of the documents; manifests are not counted. */
  bytes: number;
  /** Credits billed for the files whose billing is recorded; `null` when none is. */
  credits: number | null;
  /** Where the manifest is; `null` if the run ended before it was written. */
  manifest: string | null;
}

export type RunPhase = 'opening' | 'processing' | 'reporting' | 'stopping' | 'completed' | 'failed' | 'cancelled';

export interface RunProgress<Phase, Failure> {
  /** `completed`, `failed` or `cancelled` once the run has ended. A run that is terminated or times out keeps its last phase. */
  phase: Phase;
  /** `null` until the input is validated. */
  job: BatchJob | null;
  files: FileCounts;
  /** Child workflows that are open. */
  running: number;
  /** Who has paused the run, and why; `null` if it is not paused. */
  pause: Pause | null;
  /** Nothing has changed for longer than `stuckAfter`: since when, and what to do; `null` if something has. */
  stuck: Stuck | null;
  /** The `maxConcurrentJobs` that was set while the run was open; `null`: that of the input holds. */
  maxConcurrentJobs: number | null;
  /** The last 5. */
  lastFailures: Failure[];
  /** Why the run failed or was cancelled; `null` while it runs, and when it completed. */
  failure: FailureSummary | null;
  /** When the run began, ISO 8601. */
  startedAt: string;
  /** Where the manifest is, once it is written. */
  manifest: string | null;
}

/** Labels of the phases that both kinds of run have. */
export const RUN_PHASE_LABELS = {
  opening: 'Checking the input',
  reporting: 'Writing the manifest',
  stopping: 'Stopping',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
} as const satisfies Partial<Record<RunPhase, string>>;
