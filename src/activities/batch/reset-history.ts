/** What a workflow did before a person reset it. Temporal keeps the histories of the runs that it was reset from. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';

/** One execution of a workflow. */
export interface WorkflowRun {
  workflowId: string;
  runId: string;
}

type HistoryEvents = Awaited<ReturnType<typeof fetchEvents>>;

/** Upper bound on the earlier runs that are read, if a workflow was reset many times. */
const MAX_RESETS = 50;

/** Reads the runs that this one was reset from, latest first. */
export async function readRunsBeforeReset(client: Client, { workflowId, runId }: WorkflowRun) {
  return readBaseRuns(client, workflowId, await fetchEvents(client, { workflowId, runId }));
}

async function readBaseRuns(client: Client, workflowId: string, latest: HistoryEvents) {
  const runs: { run: WorkflowRun; history: HistoryEvents }[] = [];
  let history = latest;
  while (runs.length < MAX_RESETS) {
    const baseRunId = history[findLastReset(history)]?.workflowTaskFailedEventAttributes?.baseRunId;
    if (!baseRunId) return runs;
    const run = { workflowId, runId: baseRunId };
    history = await fetchEvents(client, run);
    runs.push({ run, history });
  }
  return runs;
}

/**
 * Whether a workflow reset discarded an earlier activity of this type. True only for the first one that is scheduled after the reset.
 * The workflow cannot know: its history has only the events before the reset point.
 */
export async function wasDiscardedByReset(client: Client, run: WorkflowRun, activityType: string): Promise<boolean> {
  const history = await fetchEvents(client, run);
  const resetAt = findLastReset(history);
  if (resetAt < 0 || countActivities(history.slice(resetAt), activityType) > 1) return false;
  const kept = countActivities(history.slice(0, resetAt), activityType);
  const baseRuns = await readBaseRuns(client, run.workflowId, history);
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

async function fetchEvents(client: Client, { workflowId, runId }: WorkflowRun) {
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
