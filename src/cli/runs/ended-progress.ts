/** The progress of a run that has ended. */
import type { AnyProgress, AnyReport } from './run-types.js';

/** The progress query answers with the last 5 of all failures. Here they are the last 5 of the failures that the report lists, 100 at most. */
const MAX_LAST_FAILURES = 5;

type EndPhase = 'completed' | 'failed' | 'cancelled';

/** The end phase for each of Temporal's statuses. The others, such as `TERMINATED`, count as failed. */
const PHASE_BY_STATUS: Readonly<Record<string, EndPhase>> = { COMPLETED: 'completed', CANCELLED: 'cancelled' };

export function isEndPhase(phase: AnyProgress['phase']): phase is EndPhase {
  return phase === 'completed' || phase === 'failed' || phase === 'cancelled';
}

/** A run that was terminated or timed out answers with the phase that it was in. */
export function toEndedProgress(progress: AnyProgress, status: string): AnyProgress {
  const phase = isEndPhase(progress.phase) ? progress.phase : toEndPhase(status);
  return { ...progress, phase, running: 0, pause: null, stuck: null };
}

/** The progress of a run with this report, where no worker can be asked. `lastFailures` are of the failures that the report lists. */
export function fromReport(report: AnyReport, status = 'COMPLETED'): AnyProgress {
  const { job, files, manifest } = report;
  const phase = toEndPhase(status);
  const unknown = {
    running: 0,
    pause: null,
    stuck: null,
    maxConcurrentJobs: null,
    failure: null,
    startedAt: '',
  } as const;
  const common = { phase, job, files, manifest, ...unknown } as const;
  if ('unchanged' in report) {
    const { source, unchanged, gone, failures, budget } = report;
    const lastFailures = failures.slice(-MAX_LAST_FAILURES);
    const known = { ...common, source, unchanged, gone, isListed: true, waitingFor: null, lastFailures };
    return budget === undefined ? known : { ...known, budget };
  }
  if ('directories' in report) {
    return {
      ...common,
      directories: report.directories,
      stuckDirectories: [],
      lastFailures: report.failures.slice(-MAX_LAST_FAILURES),
    };
  }
  const { batchId, directoryId, status: batchStatus, failures } = report;
  return {
    ...common,
    directoryId,
    batchId,
    batchStatus,
    directoryFileCount: null,
    jobsEnded: files.completed,
    waitingFor: null,
    lastFailures: failures.slice(-MAX_LAST_FAILURES),
  };
}

function toEndPhase(status: string): EndPhase {
  return PHASE_BY_STATUS[status] ?? 'failed';
}
