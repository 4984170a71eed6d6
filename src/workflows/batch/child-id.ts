import { workflowInfo } from '@temporalio/workflow';

/** Some Temporal servers take 255 bytes only. */
const MAX_WORKFLOW_ID_BYTES = 250;

/**
 * Returns the workflow id of a child: `<workflow id of the parent>/<id>`, so that the UI lists them together. If that is too long for
 * some servers, `<run id of the parent>/<id>`.
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
