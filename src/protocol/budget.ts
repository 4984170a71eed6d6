/** What work is estimated to cost, and the cap on what a run over a corpus may spend. */
import type { Range } from './prices.js';

/** What some files are estimated to cost. */
export interface CostEstimate {
  files: number;
  /** Pages of all files together. */
  pages: Range;
  credits: Range;
  /** Files whose pages were counted. Those of the others are assumed. */
  counted: number;
}

export function zeroEstimate(): CostEstimate {
  return { files: 0, pages: { low: 0, high: 0 }, credits: { low: 0, high: 0 }, counted: 0 };
}

export function addEstimates(a: CostEstimate, b: CostEstimate): CostEstimate {
  return {
    files: a.files + b.files,
    pages: addRanges(a.pages, b.pages),
    credits: addRanges(a.credits, b.credits),
    counted: a.counted + b.counted,
  };
}

function addRanges(a: Range, b: Range): Range {
  return { low: a.low + b.low, high: a.high + b.high };
}

/** What a run over a corpus with `maxCredits` has spent of them, and what it was estimated to cost. */
export interface CorpusBudget {
  maxCredits: number;
  /**
   * Credits that count towards `maxCredits`: those that were billed, and the upper estimate of what is under way or not billed yet. Of all runs with
   * `maxCredits` since the last run that left nothing.
   */
  spent: number;
  /** Of the files that this run has sent, or found to be sent: to be compared with what was billed. */
  estimate: CostEstimate;
  /** Files with a result whose bill LlamaCloud has not recorded yet. */
  unbilled: number;
  /** Files that were not sent, because they might have passed `maxCredits`. */
  filesLeft: number;
}

/** What a run over a corpus knows of its cap. */
export interface BudgetPlan {
  maxCredits: number;
  /** Credits for a page. */
  price: Range;
  selectsPages: boolean;
  /**
   * Upper bound on what a part is estimated to cost, unless it has one file: a share of `maxCredits`, so that a part that does not fit any more leaves
   * little of it. Parts depend on nothing that changes while a run is open, so that a part that is planned again is the same.
   */
  partCredits: number;
}

/** Share of `maxCredits` that one part may cost. */
export const PART_SHARE = 0.1;

/** What a part of a corpus has cost, for the record of what was spent. */
export interface Settlement {
  /** Identifies what the part processes. The same part of another run has the same key. */
  key: string;
  /** Credits that were billed, and the upper estimate of what may be. */
  spent: number;
  /** The batch that was paid; `null` if it is not known, or there is none. */
  batchId: string | null;
  /** Whether the batch ended as FAILED: it is not found again, but replaced. */
  isFailed: boolean;
}
