import { WORKFLOW_TYPES } from '../../protocol/index.js';
import { CliError } from '../errors.js';
import type { TemporalClients } from '../temporal.js';
import type { AnyRun } from './run-types.js';

/** What the Temporal server knows about a run, without a worker. */
export interface RunStatus {
  readonly runId: string;
  /** Temporal's status of the workflow: `RUNNING`, `COMPLETED`, ... */
  readonly status: string;
  /** Also while a person has paused it. */
  readonly isOpen: boolean;
  /** Whether it is a run of `processDirectories`. */
  readonly isMultiDirectory: boolean;
}

/** @param runId Default: the latest run of the workflow id. */
export function attachToRun(
  { batches }: TemporalClients,
  workflowId: string,
  { isMultiDirectory }: Pick<RunStatus, 'isMultiDirectory'>,
  runId?: string,
): AnyRun {
  return isMultiDirectory ? batches.attachDirectories(workflowId, runId) : batches.attach(workflowId, runId);
}

/** @throws CliError when there is no such workflow, or it is not a run of this package */
export async function readRunStatus({ client, config }: TemporalClients, workflowId: string): Promise<RunStatus> {
  try {
    const { type, runId, status, closeTime } = await client.workflow.getHandle(workflowId).describe();
    const isMultiDirectory = type === WORKFLOW_TYPES.processDirectories;
    if (type !== WORKFLOW_TYPES.processBatch && !isMultiDirectory) {
      throw new CliError(
        `${workflowId} is a ${type} workflow, neither a ${WORKFLOW_TYPES.processBatch} nor a ${WORKFLOW_TYPES.processDirectories} workflow`,
        'Give the workflow id that start has printed.',
      );
    }
    return { runId, status: status.name, isOpen: closeTime === undefined, isMultiDirectory };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error;
    throw new CliError(
      `There is no workflow ${workflowId} in namespace ${config.namespace}`,
      'Check the workflow id and --namespace.',
      error,
    );
  }
}
