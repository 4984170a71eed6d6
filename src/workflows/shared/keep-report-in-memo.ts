import { upsertMemo } from '@temporalio/workflow';
import { REPORT_MEMO } from '../../protocol/index.js';

/** Copies the report to the memo: Temporal keeps no result of a run that was cancelled. */
export function keepReportInMemo(report: object | undefined): void {
  if (report !== undefined) upsertMemo({ [REPORT_MEMO]: report });
}
