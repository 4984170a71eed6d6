import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { BLOCKED_BY_MEMO, type FailureType, WORKFLOW_TYPES } from '../protocol/index.js';

/** An activity that polls fails with these at every poll. They are no problem. */
const POLL_FAILURES: ReadonlySet<string> = new Set<FailureType>([
  'BatchNotReady',
  'JobNotReady',
  'ChildNotReady',
  'UploadNotReady',
]);

/**
 * Finds the last failure of an activity that an open run or its `createBatch` child is retrying, or why `createBatch` has not created
 * the batch yet. Needs no worker. Failures inside `processJob` children are not found.
 *
 * @returns `null` if there is none, or the run is closed.
 */
export async function findBlockedBy(
  { workflow }: Client,
  { raw }: WorkflowExecutionDescription,
): Promise<string | null> {
  const create = raw.pendingChildren?.find(({ workflowTypeName }) => workflowTypeName === WORKFLOW_TYPES.createBatch);
  // A child without a run id is not started yet.
  if (!create?.workflowId || !create.runId) return findRetriedFailure(raw);
  const child = await workflow.getHandle(create.workflowId, create.runId).describe();
  const blockedBy = child.memo?.[BLOCKED_BY_MEMO];
  return findRetriedFailure(child.raw) ?? (typeof blockedBy === 'string' ? blockedBy : null);
}

function findRetriedFailure({ pendingActivities }: WorkflowExecutionDescription['raw']): string | null {
  const failures = pendingActivities?.map(({ lastFailure }) => lastFailure) ?? [];
  const failure = failures.find((each) => each != null && !POLL_FAILURES.has(each.applicationFailureInfo?.type ?? ''));
  return failure?.message ?? null;
}
