/** What a workflow did before a person reset it. Temporal keeps the histories of the executions that it was reset from. */
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';

/** One execution of a workflow. */
export interface ExecutionRef {
  workflowId: string;
  runId: string;
}

type HistoryEvents = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

/** An earlier execution and its history. */
interface EarlierExecution {
  execution: ExecutionRef;
  history: HistoryEvents;
}

/** Upper bound on the earlier executions that are read, if a workflow was reset many times. */
const MAX_EARLIER_EXECUTIONS = 50;

/**
 * Reads the executions that this one was reset from or continues, latest first. A run also continues as new before it has a batch, while it
 * waits for another `createBatch` over the same directory to end.
 */
export async function readEarlierExecutions(
  client: Client,
  { workflowId, runId }: ExecutionRef,
): Promise<EarlierExecution[]> {
  const latest = await fetchEvents(client, { workflowId, runId });
  return readChain(client, workflowId, latest, (history) => findBaseRunId(history) || findContinuedRunId(history));
}

async function readChain(
  client: Client,
  workflowId: string,
  latest: HistoryEvents,
  findPreviousRunId: (history: HistoryEvents) => string | null | undefined,
): Promise<EarlierExecution[]> {
  const executions: EarlierExecution[] = [];
  let history = latest;
  while (executions.length < MAX_EARLIER_EXECUTIONS) {
    const previousRunId = findPreviousRunId(history);
    if (!previousRunId) return executions;
    const execution = { workflowId, runId: previousRunId };
    history = await fetchEvents(client, execution);
    executions.push({ execution, history });
  }
  return executions;
}

function findBaseRunId(history: HistoryEvents) {
  return history[findLastReset(history)]?.workflowTaskFailedEventAttributes?.baseRunId;
}

/** The execution that this one continues as new. The previous one of a cron or a workflow retry does not count: that is other work. */
function findContinuedRunId(history: HistoryEvents) {
  const started = history[0]?.workflowExecutionStartedEventAttributes;
  return started?.initiator === INITIATED_BY_WORKFLOW ? started.continuedExecutionRunId : undefined;
}

/** `CONTINUE_AS_NEW_INITIATOR_WORKFLOW` in Temporal's API. */
const INITIATED_BY_WORKFLOW = 1;

/** The last time that a person has reset the workflow of an activity, as that activity sees it. */
export interface LastReset {
  /**
   * Whether the activity may have run before: it is the first of its type since the reset, and the reset has discarded an earlier one, or
   * starts again one that was pending.
   */
  hasDiscardedActivity: boolean;
  /** Whether the workflow is a child whose parent has ended. */
  isParentClosed: boolean;
}

/**
 * Reads the last reset of a workflow, for the activity of it that is running; `null` without one. The workflow cannot know: its history has
 * only the events before the reset point.
 */
export async function readLastReset(
  client: Client,
  execution: ExecutionRef,
  activityType: string,
): Promise<LastReset | null> {
  const history = await fetchEvents(client, execution);
  if (findLastReset(history) < 0) return null;
  return {
    hasDiscardedActivity: await hasDiscardedActivity(client, execution, history, activityType),
    isParentClosed: await isParentClosed(client, history),
  };
}

/** A parent that was reset too, or has continued as new, is the same run. */
async function isParentClosed(client: Client, history: HistoryEvents): Promise<boolean> {
  const { workflowId, runId } = history[0]?.workflowExecutionStartedEventAttributes?.parentWorkflowExecution ?? {};
  if (!workflowId || !runId) return false;
  const latest = await describeExecution(client, workflowId);
  if (latest === undefined || latest.closeTime !== undefined) return true;
  const parent = await describeExecution(client, workflowId, runId);
  return parent === undefined || toFirstRunId(parent) !== toFirstRunId(latest);
}

async function hasDiscardedActivity(
  client: Client,
  { workflowId }: ExecutionRef,
  history: HistoryEvents,
  activityType: string,
): Promise<boolean> {
  const resetAt = findLastReset(history);
  const scheduledSince = countActivities(history.slice(resetAt), activityType);
  // None was scheduled since, so the calling activity itself was pending at the reset point. The execution before the reset has started it too.
  if (scheduledSince === 0) return true;
  if (scheduledSince > 1) return false;
  const kept = countActivities(history.slice(0, resetAt), activityType);
  const discarded = await readChain(client, workflowId, history, findBaseRunId);
  return discarded.some((earlier) => countActivities(earlier.history, activityType) > kept);
}

function countActivities(history: HistoryEvents, activityType: string): number {
  return history.filter(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === activityType,
  ).length;
}

/**
 * Index of the last reset; -1 without one. Temporal marks a reset by a WorkflowTaskFailed event with `baseRunId`. The new run has the
 * copied events, with the markers of earlier resets, and then its own marker.
 */
function findLastReset(history: HistoryEvents): number {
  return history.findLastIndex(({ workflowTaskFailedEventAttributes: failed }) => failed?.newRunId && failed.baseRunId);
}

/** The execution that an execution has continued as new to, after however many others; itself if it has not. */
export function findContinuation(client: Client, execution: ExecutionRef): Promise<ExecutionRef> {
  return findLast(client, execution, async (history) => findContinuedAs(history));
}

/** The same, also where a person has reset one of them: the latest execution of the same workflow. */
export function findLatestExecution(client: Client, execution: ExecutionRef): Promise<ExecutionRef> {
  return findLast(client, execution, async (history, { workflowId, runId }) => {
    const continuedAs = findContinuedAs(history);
    if (continuedAs) return continuedAs;
    return (await describeExecution(client, workflowId, runId))?.raw.workflowExtendedInfo?.resetRunId;
  });
}

function findContinuedAs(history: HistoryEvents) {
  return history.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
}

async function findLast(
  client: Client,
  execution: ExecutionRef,
  findNextRunId: (history: HistoryEvents, execution: ExecutionRef) => Promise<string | null | undefined>,
): Promise<ExecutionRef> {
  let last = execution;
  for (let count = 0; count < MAX_EARLIER_EXECUTIONS; count++) {
    const runId = await findNextRunId(await fetchEvents(client, last), last);
    if (!runId) break;
    last = { workflowId: execution.workflowId, runId };
  }
  return last;
}

async function fetchEvents(client: Client, { workflowId, runId }: ExecutionRef): Promise<HistoryEvents> {
  const history = await undefinedIfNotFound(() => client.workflow.getHandle(workflowId, runId).fetchHistory());
  return history?.events ?? [];
}

/** `undefined` for an execution that Temporal does not have. Without `runId`, the latest one. */
export function describeExecution(
  client: Client,
  workflowId: string,
  runId?: string,
): Promise<WorkflowExecutionDescription | undefined> {
  return undefinedIfNotFound(() => client.workflow.getHandle(workflowId, runId).describe());
}

/** Resets, continue-as-new and retries keep the first run. */
export function toFirstRunId({ raw, runId }: WorkflowExecutionDescription): string {
  return raw.workflowExecutionInfo?.firstRunId || runId;
}

/** `undefined` for an execution that Temporal no longer has: its retention is over, or a person deleted it. */
export async function undefinedIfNotFound<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
