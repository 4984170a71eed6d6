/** Workflow ids of everything that belongs to a seed begin with one of these. */
function workflowIdPrefixes(seed) {
  return [`sim-${seed}-`, `llamacloud/dir-sim-${seed}-`, `llamacloud-create/dir-sim-${seed}-`];
}

/** A visibility query for all workflows of a seed. */
export function toQuery(seed) {
  return workflowIdPrefixes(seed)
    .map((prefix) => `WorkflowId STARTS_WITH "${prefix}"`)
    .join(' OR ');
}

/** The workflow id of a planned run, which may be the default one. */
export function toWorkflowId({ workflowId, input }) {
  return workflowId ?? `llamacloud/${input.directoryId}/${input.job.type}/${input.job.configurationId}`;
}
