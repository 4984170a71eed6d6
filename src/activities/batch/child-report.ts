import { Context } from '@temporalio/activity';
import { BATCH_ID_MEMO, type BatchReport, isReport, REPORT_MEMO } from '../../protocol/index.js';
import { toFirstRunId } from './reset-history.js';

/** What a batch run has published in its memo. */
export interface PublishedReport {
  batchId?: string;
  report?: BatchReport;
}

interface FindChildReportInput {
  workflowId: string;
  /** The first of its runs, if it has continued as new. */
  firstRunId: string;
}

/**
 * Reads what a batch run has published in its memo. Temporal keeps neither a result nor failure details of a workflow that was
 * cancelled or terminated, so this is how its parent learns what it had finished.
 */
export async function findChildReport({ workflowId, firstRunId }: FindChildReportInput): Promise<PublishedReport> {
  const { workflow } = Context.current().client;
  const latest = await workflow.getHandle(workflowId).describe();
  // Since then, somebody may have started another run with this id.
  const isChild = toFirstRunId(latest) === firstRunId;
  const { memo } = isChild ? latest : await workflow.getHandle(workflowId, firstRunId).describe();
  const batchId = memo?.[BATCH_ID_MEMO];
  const report = memo?.[REPORT_MEMO];
  return {
    ...(typeof batchId === 'string' ? { batchId } : {}),
    ...(isReport(report) ? { report } : {}),
  };
}
