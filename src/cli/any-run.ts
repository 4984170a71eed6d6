/** A run of either kind, for the commands that follow both. */

import type { RunHandle } from '../client/index.js';
import type { BatchProgress, BatchReport, DirectoriesProgress, DirectoriesReport } from '../protocol/index.js';

export type AnyReport = BatchReport | DirectoriesReport;
export type AnyProgress = BatchProgress | DirectoriesProgress;
export type AnyRun = RunHandle<AnyReport, AnyProgress>;

/** How far a run that has ended with this report is: the last poll may have been a while before. */
export function finalProgress(report: AnyReport): AnyProgress {
  const { job, files, manifest } = report;
  const ended = { phase: 'completed', job, files, running: 0, failure: null, startedAt: '', manifest } as const;
  if ('directories' in report) return { ...ended, directories: report.directories, lastFailures: [] };
  const { batchId, directoryId, status } = report;
  const counts = { directoryFiles: null, jobsEnded: files.completed };
  return { ...ended, ...counts, directoryId, batchId, batchStatus: status, lastFailures: [] };
}
