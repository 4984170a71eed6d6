/** Workflow ids of everything that belongs to a scenario begin with one of these. */
function workflowIdPrefixes(id) {
  return [`sim-${id}-`, `llamacloud/dir-sim-${id}-`, `llamacloud-create/dir-sim-${id}-`];
}

/** A visibility query for all workflows of a scenario. */
export function toQuery(id) {
  return workflowIdPrefixes(id)
    .map((prefix) => `WorkflowId STARTS_WITH "${prefix}"`)
    .join(' OR ');
}

/** The workflow id of a planned run, which may be the default one. */
export function toWorkflowId({ workflowId, input }) {
  return workflowId ?? `llamacloud/${input.directoryId}/${input.job.type}/${input.job.configurationId}`;
}
