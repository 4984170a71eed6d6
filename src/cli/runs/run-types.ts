/** A run of `processBatch` or of `processDirectories`, for the commands that follow either. */

import type { RunHandle } from '../../client/index.js';
import type { BatchProgress, BatchReport, DirectoriesProgress, DirectoriesReport } from '../../protocol/index.js';

export type AnyReport = BatchReport | DirectoriesReport;
export type AnyProgress = BatchProgress | DirectoriesProgress;
export type AnyRun = RunHandle<AnyReport, AnyProgress>;
