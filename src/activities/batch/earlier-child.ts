/** What a run has started before a person reset it. Its workflow cannot know: its history has only the events before the reset point. */
import { activityInfo, Context } from '@temporalio/activity';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { type ApiScope, BATCH_ID_MEMO, DEFAULT_POLL } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { NotReady } from '../support/not-ready.js';
import { pollDelayMs } from '../support/poll-delay.js';
import { runAttempt } from '../support/run-attempt.js';
import { findUsableBatch } from './previous-creates.js';
import { describeExecution, toFirstRunId } from './reset-history.js';

export interface FindEarlierChildInput {
  scope: ApiScope;
  /** Workflow id of the child. */
  workflowId: string;
  /** `workflowInfo().firstExecutionRunId` of the parent, which is the workflow of this activity. A reset keeps it. */
  firstRunId: string;
}

export interface EarlierChild {
  /** The first of its runs, if it has continued as new. */
  firstRunId: string;
  isOpen: boolean;
  /** The batch that it has published; `null` without one, and if it has ended and its batch is gone, FAILED or CANCELLED. */
  batchId: string | null;
}

/** Finds the latest workflow of an id if this run has started it. `null` without one. `GET /api/v2/batches/{id}` if it has ended. */
export function findEarlierChild(deps: ActivityDeps) {
  return ({ scope, workflowId, firstRunId }: FindEarlierChildInput): Promise<EarlierChild | null> =>
    runAttempt('read', `workflow ${workflowId}`, async (attempt) => {
      const child = await describe(workflowId);
      if (child === undefined || !(await isChildOf(child, firstRunId))) return null;
      const isOpen = child.closeTime === undefined;
      const published = child.memo?.[BATCH_ID_MEMO];
      const batchId = typeof published === 'string' ? published : null;
      const found = { firstRunId: toFirstRunId(child), isOpen, batchId };
      if (isOpen || batchId === null) return found;
      const batch = await findUsableBatch(deps, batchId, scope, attempt);
      return { ...found, batchId: batch?.batchId ?? null };
    });
}

async function isChildOf({ raw }: WorkflowExecutionDescription, firstRunId: string): Promise<boolean> {
  const { workflowId, runId } = raw.workflowExecutionInfo?.parentExecution ?? {};
  if (!workflowId || workflowId !== activityInfo().workflowExecution?.workflowId) return false;
  const parent = await describe(workflowId, runId ?? undefined);
  return parent !== undefined && toFirstRunId(parent) === firstRunId;
}

interface WaitForEarlierChildInput {
  workflowId: string;
  /** The first of the child's runs. Without it, whatever workflow has this id is waited for. */
  firstRunId?: string;
}

/** Waits until the child has ended. @throws NotReady while it is open. */
export function waitForEarlierChild({ workflowId, firstRunId }: WaitForEarlierChildInput): Promise<void> {
  return runAttempt('read', `workflow ${workflowId}`, async ({ ageMs }) => {
    const latest = await describe(workflowId);
    // Also open while a person has paused it.
    if (latest === undefined || latest.closeTime !== undefined) return;
    // The child has ended, and somebody has started another workflow of its id since then.
    if (firstRunId !== undefined && toFirstRunId(latest) !== firstRunId) return;
    throw new NotReady('ChildNotReady', `workflow ${workflowId} is still open`, pollDelayMs(DEFAULT_POLL, ageMs));
  });
}

function describe(workflowId: string, runId?: string): Promise<WorkflowExecutionDescription | undefined> {
  return describeExecution(Context.current().client, workflowId, runId);
}
