import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { type FailureType, TROUBLE_MEMO, WORKFLOW_TYPES } from '../../protocol/index.js';
import { CliError } from '../errors.js';
import type { TemporalClients } from '../temporal.js';
import type { AnyRun } from './run-types.js';

/** What the Temporal server knows about a run, without a worker. */
export interface RunStatus {
  readonly runId: string;
  /** Temporal's status of the workflow: `RUNNING`, `COMPLETED`, ... */
  readonly status: string;
  readonly taskQueue: string;
  /** Whether it is a run of `processDirectories`. */
  readonly isMultiDirectory: boolean;
  /** The failure that keeps the run from going on; `undefined` if there is none. */
  readonly blockedBy: string | undefined;
}

export function attachToRun({ batches }: TemporalClients, workflowId: string, { isMultiDirectory }: RunStatus): AnyRun {
  return isMultiDirectory ? batches.attachDirectories(workflowId) : batches.attach(workflowId);
}

/** @throws CliError when there is no such workflow, or it is not a run of this package */
export async function readRunStatus({ client, config }: TemporalClients, workflowId: string): Promise<RunStatus> {
  try {
    const description = await client.workflow.getHandle(workflowId).describe();
    const { type, runId, status, taskQueue } = description;
    const isMultiDirectory = type === WORKFLOW_TYPES.processDirectories;
    if (type !== WORKFLOW_TYPES.processBatch && !isMultiDirectory) {
      throw new CliError(
        `${workflowId} is a ${type} workflow, not a ${WORKFLOW_TYPES.processBatch} workflow`,
        'Give the workflow id that start has printed.',
      );
    }
    const blockedBy = await findBlockedBy(client, description);
    return { runId, status: status.name, taskQueue, isMultiDirectory, blockedBy };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error;
    throw new CliError(
      `There is no workflow ${workflowId} in namespace ${config.namespace}`,
      'Check the workflow id and --namespace.',
      error,
    );
  }
}

/** Finds the failure that keeps a run from going on: the last failure of one of its activities, or of the create that it waits for. */
export async function findBlockedBy(
  { workflow }: Client,
  { raw }: WorkflowExecutionDescription,
): Promise<string | undefined> {
  const create = raw.pendingChildren?.find(({ workflowTypeName }) => workflowTypeName === WORKFLOW_TYPES.createBatch);
  if (!create?.workflowId) return readLastFailure(raw);
  const description = await workflow.getHandle(create.workflowId).describe();
  const memo = description.memo?.[TROUBLE_MEMO];
  return readLastFailure(description.raw) ?? (typeof memo === 'string' ? memo : undefined);
}

/** Polling fails with these types while it waits. */
const BENIGN_FAILURES: ReadonlySet<string> = new Set<FailureType>(['BatchNotReady', 'JobNotReady']);

function readLastFailure({ pendingActivities }: WorkflowExecutionDescription['raw']): string | undefined {
  const failures = pendingActivities?.map(({ lastFailure }) => lastFailure) ?? [];
  const failure = failures.find(
    (candidate) => candidate != null && !BENIGN_FAILURES.has(candidate.applicationFailureInfo?.type ?? ''),
  );
  return failure?.message ?? undefined;
}
