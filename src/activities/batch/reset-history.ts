/** What a workflow did before a person reset it. Temporal keeps the histories of the runs that it was reset from. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';

/** One execution of a workflow. */
export interface WorkflowRun {
  workflowId: string;
  runId: string;
}

type HistoryEvents = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

/** An earlier execution and its history. */
interface EarlierRun {
  run: WorkflowRun;
  history: HistoryEvents;
}

/** Upper bound on the earlier runs that are read, if a workflow was reset many times. */
const MAX_EARLIER_RUNS = 50;

/** Reads the runs that this one was reset from or continues, latest first. A run that waits for the create lock may continue as new. */
export async function readEarlierRuns(client: Client, { workflowId, runId }: WorkflowRun): Promise<EarlierRun[]> {
  const latest = await fetchEvents(client, { workflowId, runId });
  return readChain(client, workflowId, latest, (history) => findBaseRunId(history) || findContinuedRunId(history));
}

async function readChain(
  client: Client,
  workflowId: string,
  latest: HistoryEvents,
  findPreviousRunId: (history: HistoryEvents) => string | null | undefined,
): Promise<EarlierRun[]> {
  const runs: EarlierRun[] = [];
  let history = latest;
  while (runs.length < MAX_EARLIER_RUNS) {
    const previousRunId = findPreviousRunId(history);
    if (!previousRunId) return runs;
    const run = { workflowId, runId: previousRunId };
    history = await fetchEvents(client, run);
    runs.push({ run, history });
  }
  return runs;
}

function findBaseRunId(history: HistoryEvents) {
  return history[findLastReset(history)]?.workflowTaskFailedEventAttributes?.baseRunId;
}

/** The run that this one continues as new. Not the one before it of a cron or a retry, which is other work. */
function findContinuedRunId(history: HistoryEvents) {
  const started = history[0]?.workflowExecutionStartedEventAttributes;
  return started?.initiator === INITIATED_BY_WORKFLOW ? started.continuedExecutionRunId : undefined;
}

/** `CONTINUE_AS_NEW_INITIATOR_WORKFLOW` in Temporal's API. */
const INITIATED_BY_WORKFLOW = 1;

/**
 * Whether a workflow reset discarded an earlier activity of this type, or starts one again. True only for the first one after the reset.
 * The workflow cannot know: its history has only the events before the reset point.
 */
export async function wasDiscardedByReset(client: Client, run: WorkflowRun, activityType: string): Promise<boolean> {
  const history = await fetchEvents(client, run);
  const resetAt = findLastReset(history);
  if (resetAt < 0) return false;
  const scheduledSince = countActivities(history.slice(resetAt), activityType);
  // It was pending at the reset point, so Temporal starts it again: the run before the reset has started it as well.
  if (scheduledSince === 0) return true;
  if (scheduledSince > 1) return false;
  const kept = countActivities(history.slice(0, resetAt), activityType);
  const baseRuns = await readChain(client, run.workflowId, history, findBaseRunId);
  return baseRuns.some(({ history }) => countActivities(history, activityType) > kept);
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

async function fetchEvents(client: Client, { workflowId, runId }: WorkflowRun): Promise<HistoryEvents> {
  const history = await undefinedIfNotFound(() => client.workflow.getHandle(workflowId, runId).fetchHistory());
  return history?.events ?? [];
}

/** `undefined` for a run that Temporal no longer has: its retention is over, or a person deleted it. */
export async function undefinedIfNotFound<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
