import { WORKFLOW_TYPES } from '../protocol/index.js';
import type { AnyRun } from './any-run.js';
import { CliError } from './errors.js';
import type { TemporalAccess } from './temporal.js';

export interface RunStatus {
  readonly runId: string;
  /** Temporal's status of the run: `RUNNING`, `COMPLETED`, ... */
  readonly status: string;
  /** Is it a run over many directories? */
  readonly isOverMany: boolean;
}

/** Attaches to a run of either kind. */
export function attachTo({ batches }: TemporalAccess, workflowId: string, { isOverMany }: RunStatus): AnyRun {
  return isOverMany ? batches.attachDirectories(workflowId) : batches.attach(workflowId);
}

/** What Temporal knows of a batch run without asking a worker. @throws CliError where there is none of this id */
export async function statusOfRun({ client, config }: TemporalAccess, workflowId: string): Promise<RunStatus> {
  try {
    const { type, runId, status } = await client.workflow.getHandle(workflowId).describe();
    const isOverMany = type === WORKFLOW_TYPES.processDirectories;
    if (type !== WORKFLOW_TYPES.processBatch && !isOverMany) {
      throw new CliError(`${workflowId} is a ${type} workflow, not a batch run`, 'Give the id that start has printed.');
    }
    return { runId, status: status.name, isOverMany };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error;
    throw new CliError(
      `There is no workflow ${workflowId} in namespace ${config.namespace}`,
      'Check the id, and --namespace.',
      error,
    );
  }
}
