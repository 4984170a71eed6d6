/** What the state of a run over one batch and of a run over many directories have in common. */
import { CancelledFailure, isCancellation } from '@temporalio/workflow';
import {
  type BatchJob,
  cleanText,
  type FailureSummary,
  type FileCounts,
  type FileStatus,
  type RunControl,
  type RunPhase,
  type RunProgress,
  type RunReport,
  rootFailure,
  type Stuck,
} from '../../protocol/index.js';
import { endPause } from './control.js';

/** Plain JSON: continue-as-new carries it. */
export interface RunState<Phase, Failure> {
  phase: Phase;
  /** What the first activity has returned; `null` until then. */
  opened: { hasRunState?: boolean } | null;
  startedAtMs: number;
  files: FileCounts;
  /** Child workflows that are open. */
  running: number;
  /** What a person has changed since the run began. */
  control: RunControl;
  /** When something last changed, epoch milliseconds; `null` until it is watched. */
  lastChangeMs: number | null;
  stuck: Stuck | null;
  failures: Failure[];
  lastFailures: Failure[];
  bytes: number;
  credits: number | null;
  /** Parts of the manifest that are written, one for each page. */
  parts: number;
  manifest: string | null;
  /** Why the run failed or was cancelled. */
  failure: FailureSummary | null;
}

export function newRunState(startedAtMs: number): RunState<'opening', never> {
  return {
    phase: 'opening',
    opened: null,
    startedAtMs,
    files: zeroCounts(),
    running: 0,
    control: { pause: null, maxConcurrentJobs: null },
    lastChangeMs: null,
    stuck: null,
    failures: [],
    lastFailures: [],
    bytes: 0,
    credits: null,
    parts: 0,
    manifest: null,
    failure: null,
  };
}

export function zeroCounts(): FileCounts {
  return { total: 0, completed: 0, failed: 0, cancelled: 0, skipped: 0 };
}

/** The counter of {@link FileCounts} for each outcome. */
export const COUNTER_BY_STATUS = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  SKIPPED: 'skipped',
} as const satisfies Record<FileStatus, keyof FileCounts>;

/** Sets the phase. A run that is stopping stays so until it has ended: the steps of the stop are those of a run. Neither is paused any more. */
export function enterPhase<Phase extends string>(state: RunState<Phase | RunPhase, unknown>, phase: Phase): void {
  const isEnd = phase === 'completed' || phase === 'failed' || phase === 'cancelled';
  if (state.phase !== 'stopping' || isEnd) state.phase = phase;
  if (isEnd || phase === 'stopping') endPause(state);
}

/** Adds what a file or a batch has produced and cost. */
export function addCosts(
  state: RunState<unknown, unknown>,
  { bytes, credits }: { bytes: number | null; credits: number | null },
): void {
  state.bytes += bytes ?? 0;
  if (credits !== null) state.credits = (state.credits ?? 0) + credits;
}

const MAX_LAST_FAILURES = 5;

/** @param maxFailures Failures that the report lists. */
export function addFailure<Failure>(state: RunState<unknown, Failure>, failure: Failure, maxFailures: number): void {
  if (state.failures.length < maxFailures) state.failures.push(failure);
  state.lastFailures = [...state.lastFailures, failure].slice(-MAX_LAST_FAILURES);
}

/** Records that the run failed or was cancelled, and why. */
export function recordEnd(state: RunState<string, unknown>, error: unknown): void {
  const { type, message } =
    error instanceof CancelledFailure ? { type: error.name, message: error.message } : rootFailure(error);
  state.failure = { type: cleanText(type), message: cleanText(message) };
  enterPhase(state, isCancellation(error) ? 'cancelled' : 'failed');
}

export function toRunProgress<Phase, Failure>(
  { phase, files, running, control, stuck, lastFailures, failure, startedAtMs, manifest }: RunState<Phase, Failure>,
  job: BatchJob | null,
): RunProgress<Phase, Failure> {
  const startedAt = new Date(startedAtMs).toISOString();
  return { phase, job, files, running, ...control, stuck, lastFailures, failure, startedAt, manifest };
}

export function toRunReport<Failure>(
  { files, failures, bytes, credits, manifest }: RunState<unknown, Failure>,
  job: BatchJob,
): RunReport<Failure> {
  return { job, files, failures, bytes, credits, manifest };
}
