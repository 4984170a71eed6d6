/** A run of `processBatch`, `processDirectories` or `processCorpus`, for the commands that follow any of them. */

import type { RunHandle } from '../../client/index.js';
import type {
  BatchProgress,
  BatchReport,
  CorpusProgress,
  CorpusReport,
  DirectoriesProgress,
  DirectoriesReport,
} from '../../protocol/index.js';

export type AnyReport = BatchReport | DirectoriesReport | CorpusReport;
export type AnyProgress = BatchProgress | DirectoriesProgress | CorpusProgress;
export type AnyRun = RunHandle<AnyReport, AnyProgress>;
