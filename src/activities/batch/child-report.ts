import { Context } from '@temporalio/activity';
import { BATCH_ID_MEMO, type BatchReport, isReport, REPORT_MEMO } from '../../protocol/index.js';

/** What a batch run has published in its memo. */
export interface PublishedReport {
  batchId?: string;
  report?: BatchReport;
}

/**
 * Reads what a batch run has published in its memo. Temporal keeps neither a result nor failure details of a workflow that was
 * cancelled or terminated, so this is how its parent learns what it had finished.
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
