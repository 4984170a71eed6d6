import { Context } from '@temporalio/activity';
import { BATCH_ID_MEMO, type BatchReport, isReport, REPORT_MEMO } from '../../protocol/index.js';

/** What a batch's run has published. */
export interface PublishedReport {
  batchId?: string;
  report?: BatchReport;
}

/**
 * Reads what a batch's run has published in its memo. Temporal keeps neither a result nor details of a workflow that was cancelled
 * or terminated, so the run that started it learns from here what it had finished.
 */
export async function findChildReport({ workflowId }: { workflowId: string }): Promise<PublishedReport> {
  const { memo } = await Context.current().client.workflow.getHandle(workflowId).describe();
  const batchId = memo?.[BATCH_ID_MEMO];
  const report = memo?.[REPORT_MEMO];
  return {
    ...(typeof batchId === 'string' ? { batchId } : {}),
    ...(isReport(report) ? { report } : {}),
  };
}
