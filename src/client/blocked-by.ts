import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { BLOCKED_BY_MEMO, type FailureType, WORKFLOW_TYPES } from '../protocol/index.js';

/** An activity that polls fails with these at every poll. They are no problem. */
const POLL_FAILURES: ReadonlySet<string> = new Set<FailureType>([
  'BatchNotReady',
  'JobNotReady',
  'ChildNotReady',
  'UploadNotReady',
]);

/** Children that create what costs money. */
const CREATES: ReadonlySet<string> = new Set([WORKFLOW_TYPES.createBatch, WORKFLOW_TYPES.redriveJob]);

/** Of the open children of a run, which may be 500, these stand for all: the oldest have had the most time to fail. */
const MAX_CHILDREN = 3;

/**
 * Finds the last failure of an activity that an open run or one of its children is retrying, or why `createBatch` has not created the
 * batch yet, or `redriveJob` its job. Needs no worker. Looks at the 3 oldest children only: one that is blocked is rarely alone.
 *
 * @returns `null` if there is none, or the run is closed.
 */
export async function findBlockedBy(
  client: Client,
  { raw, closeTime }: WorkflowExecutionDescription,
): Promise<string | null> {
  if (closeTime !== undefined) return null;
  const create = raw.pendingChildren?.find(({ workflowTypeName }) => CREATES.has(workflowTypeName ?? ''));
  const createDescription = create && (await describeChild(client, create));
  if (createDescription === undefined) return findRetriedFailure(raw) ?? (await findBlockedChild(client, raw));
  const blockedBy = createDescription.memo?.[BLOCKED_BY_MEMO];
  return findRetriedFailure(createDescription.raw) ?? (typeof blockedBy === 'string' ? blockedBy : null);
}

async function findBlockedChild(client: Client, { pendingChildren }: Description): Promise<string | null> {
  const oldest = (pendingChildren ?? [])
    .toSorted((one, other) => Number(one.initiatedId ?? 0) - Number(other.initiatedId ?? 0))
    .slice(0, MAX_CHILDREN);
  const failures = await Promise.all(
    oldest.map(async (child) => {
      const description = await describeChild(client, child);
      return description === undefined ? null : await findBlockedBy(client, description);
    }),
  );
  return failures.find((failure) => failure !== null) ?? null;
}

/** A child without a run id is not started yet. */
async function describeChild({ workflow }: Client, { workflowId, runId }: Child) {
  return workflowId && runId ? await workflow.getHandle(workflowId, runId).describe() : undefined;
}

type Description = WorkflowExecutionDescription['raw'];
type Child = NonNullable<Description['pendingChildren']>[number];

function findRetriedFailure({ pendingActivities }: Description): string | null {
  const failures = pendingActivities?.map(({ lastFailure }) => lastFailure) ?? [];
  const failure = failures.find((each) => each != null && !POLL_FAILURES.has(each.applicationFailureInfo?.type ?? ''));
  return failure?.message ?? null;
}
