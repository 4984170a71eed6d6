import type { WorkflowIdConflictPolicy } from '@temporalio/common';

/** Options of the Nexus service. */
export interface LlamaCloudNexusOptions {
  /**
   * What an operation does while a run of the same workflow id is open. `FAIL`: it fails with `WorkflowExecutionAlreadyStartedError`.
   * `USE_EXISTING`: it returns the report of the open run, whatever options its own input has, and cancelling it cancels that run. Default
   * `FAIL`.
   */
  workflowIdConflictPolicy?: Extract<WorkflowIdConflictPolicy, 'FAIL' | 'USE_EXISTING'>;
}
