import { workflowInfo } from '@temporalio/workflow';

/** The shortest limit of a Temporal server is 255 bytes. */
const MAX_WORKFLOW_ID_BYTES = 250;

/**
 * Workflow id of a child: below that of its parent, as the UI sorts them, unless that would be too long for the server.
 *
 * @param id Plain, as {@link isValidId} says.
 */
export function childWorkflowId(id: string): string {
  const { workflowId, runId } = workflowInfo();
  const childId = `${workflowId}/${id}`;
  return utf8Length(childId) <= MAX_WORKFLOW_ID_BYTES ? childId : `${runId}/${id}`;
}

function utf8Length(text: string): number {
  return encodeURIComponent(text.toWellFormed()).replace(/%[0-9A-F]{2}/g, '_').length;
}
