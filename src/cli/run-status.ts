import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { BLOCKED_BY_MEMO, type FailureType, WORKFLOW_TYPES } from '../protocol/index.js';
import type { AnyRun } from './any-run.js';
import { CliError } from './errors.js';
import type { TemporalAccess } from './temporal.js';

export interface RunStatus {
  readonly runId: string;
  /** Temporal's status of the run: `RUNNING`, `COMPLETED`, ... */
  readonly status: string;
  readonly taskQueue: string;
  /** Is it a run over many directories? */
  readonly isOverMany: boolean;
  /** Why it can't go on right now; missing where it only waits. */
  readonly trouble?: string;
}

/** Attaches to a run of either kind. */
export function attachTo({ batches }: TemporalAccess, workflowId: string, { isOverMany }: RunStatus): AnyRun {
  return isOverMany ? batches.attachDirectories(workflowId) : batches.attach(workflowId);
}

/** What Temporal knows of a batch run without asking a worker. @throws CliError where there is none of this id */
export async function statusOfRun({ client, config }: TemporalAccess, workflowId: string): Promise<RunStatus> {
  try {
    const description = await client.workflow.getHandle(workflowId).describe();
    const { type, runId, status, taskQueue } = description;
    const isOverMany = type === WORKFLOW_TYPES.processDirectories;
    if (type !== WORKFLOW_TYPES.processBatch && !isOverMany) {
      throw new CliError(`${workflowId} is a ${type} workflow, not a batch run`, 'Give the id that start has printed.');
    }
    const trouble = await findTrouble(client, description);
    return { runId, status: status.name, taskQueue, isOverMany, ...(trouble === undefined ? {} : { trouble }) };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error;
    throw new CliError(
      `There is no workflow ${workflowId} in namespace ${config.namespace}`,
      'Check the id, and --namespace.',
      error,
    );
  }
}

/** What a run can't get past right now: what one of its activities has last failed with, or one of the create that it waits for. */
export async function findTrouble(
  { workflow }: Client,
  { raw }: WorkflowExecutionDescription,
): Promise<string | undefined> {
  const create = raw.pendingChildren?.find(({ workflowTypeName }) => workflowTypeName === WORKFLOW_TYPES.createBatch);
  if (!create?.workflowId) return toLastFailure(raw);
  const description = await workflow.getHandle(create.workflowId).describe();
  const trouble = description.memo?.[BLOCKED_BY_MEMO];
  return toLastFailure(description.raw) ?? (typeof trouble === 'string' ? trouble : undefined);
}

/** Waiting is made of failures as well, which are benign. */
function toLastFailure({ pendingActivities }: WorkflowExecutionDescription['raw']): string | undefined {
  const failures = pendingActivities?.map(({ lastFailure }) => lastFailure) ?? [];
  const failure = failures.find((each) => each != null && !WAITING.has(each.applicationFailureInfo?.type ?? ''));
  return failure?.message ?? undefined;
}

const WAITING: ReadonlySet<string> = new Set<FailureType>(['BatchNotReady', 'JobNotReady']);
