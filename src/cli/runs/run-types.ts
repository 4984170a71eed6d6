/** A run of `processBatch`, `processDirectories` or `processCorpus`, for the commands that follow any of them. */

import type { RunHandle } from '../../client/index.js';
import {
  type BatchProgress,
  type BatchReport,
  type CorpusProgress,
  type CorpusReport,
  type DirectoriesProgress,
  type DirectoriesReport,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';

/** What a run processes: one batch, a batch for each of many directories, or a corpus. */
export type RunKind = 'batch' | 'directories' | 'corpus';

/** @returns `undefined` for a workflow that is no run of this package. */
export function toRunKind(workflowType: string): RunKind | undefined {
  if (workflowType === WORKFLOW_TYPES.processBatch) return 'batch';
  if (workflowType === WORKFLOW_TYPES.processDirectories) return 'directories';
  return workflowType === WORKFLOW_TYPES.processCorpus ? 'corpus' : undefined;
}

export type AnyReport = BatchReport | DirectoriesReport | CorpusReport;
export type AnyProgress = BatchProgress | DirectoriesProgress | CorpusProgress;
export type AnyRun = RunHandle<AnyReport, AnyProgress>;
