/** A run of `processBatch` or of `processDirectories`, for the commands that follow either. */

import type { RunHandle } from '../../client/index.js';
import type { BatchProgress, BatchReport, DirectoriesProgress, DirectoriesReport } from '../../protocol/index.js';

export type AnyReport = BatchReport | DirectoriesReport;
/** The progress of one batch, with how far LlamaCloud is. */
export type AnyBatchProgress = BatchProgress & {
  /** Files of the directory; `null` if not known. */
  readonly directoryFiles?: number | null;
  /** Files whose job has ended in LlamaCloud. */
  readonly jobsEnded?: number;
};
export type AnyProgress = AnyBatchProgress | DirectoriesProgress;
export type AnyRun = RunHandle<AnyReport, AnyProgress>;
