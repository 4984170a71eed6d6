import { workflowInfo } from '@temporalio/workflow';

/** Some Temporal servers take 255 bytes only. */
const MAX_WORKFLOW_ID_BYTES = 250;

/**
 * Workflow id of a child, made of that of its parent so that the UI lists them together; of its parent's run id if that is too long.
 *
 * @param id Valid by {@link isValidId}.
 */
export function childWorkflowId(id: string): string {
  const { workflowId, runId } = workflowInfo();
  const childId = `${workflowId}/${id}`;
  return utf8Length(childId) <= MAX_WORKFLOW_ID_BYTES ? childId : `${runId}/${id}`;
}

function utf8Length(text: string): number {
  return encodeURIComponent(text.toWellFormed()).replace(/%[0-9A-F]{2}/g, '_').length;
}
