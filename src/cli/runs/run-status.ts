import { CliError } from '../errors.js';
import type { TemporalClients } from '../temporal.js';
import { type AnyRun, type RunKind, toRunKind } from './run-types.js';

/** What the Temporal server knows about a run, without a worker. */
export interface RunStatus {
  readonly runId: string;
  /** Temporal's status of the workflow: `RUNNING`, `COMPLETED`, ... */
  readonly status: string;
  /** Also while a person has paused it. */
  readonly isOpen: boolean;
  readonly kind: RunKind;
}

/** @param runId Default: the latest run of the workflow id. */
export function attachToRun({ batches }: TemporalClients, workflowId: string, kind: RunKind, runId?: string): AnyRun {
  if (kind === 'corpus') return batches.attachCorpus(workflowId, runId);
  return kind === 'directories' ? batches.attachDirectories(workflowId, runId) : batches.attach(workflowId, runId);
}

/** @throws CliError when there is no such workflow, or it is not a run of this package */
export async function readRunStatus({ client, config }: TemporalClients, workflowId: string): Promise<RunStatus> {
  try {
    const { type, runId, status, closeTime } = await client.workflow.getHandle(workflowId).describe();
    const kind = toRunKind(type);
    if (kind === undefined) {
      throw new CliError(
        `${workflowId} is a ${type} workflow, not a run of a batch, of directories or of a corpus`,
        'Give the workflow id that start or list has printed.',
      );
    }
    return { runId, status: status.name, isOpen: closeTime === undefined, kind };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error;
    throw new CliError(
      `There is no workflow ${workflowId} in namespace ${config.namespace}`,
      'Check the workflow id and --namespace.',
      error,
    );
  }
}
