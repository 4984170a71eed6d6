/** What a person's reset leaves of a workflow: the runs before it. Temporal keeps their histories, which say what they did. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';

/** One execution of a workflow. */
export interface WorkflowRun {
  workflowId: string;
  runId: string;
}

export type HistoryEvents = Awaited<ReturnType<typeof fetchEvents>>;

/** A person who resets again and again: the runs before these are forgotten. */
const MAX_RESETS = 50;

/** The runs that this one was reset from, latest first. */
export async function resetRuns(client: Client, { workflowId, runId }: WorkflowRun) {
  return runsBefore(client, workflowId, await fetchEvents(client, { workflowId, runId }));
}

async function runsBefore(client: Client, workflowId: string, latest: HistoryEvents) {
  const runs: { run: WorkflowRun; history: HistoryEvents }[] = [];
  let history = latest;
  while (runs.length < MAX_RESETS) {
    const baseRunId = history[lastReset(history)]?.workflowTaskFailedEventAttributes?.baseRunId;
    if (!baseRunId) return runs;
    const run = { workflowId, runId: baseRunId };
    history = await fetchEvents(client, run);
    runs.push({ run, history });
  }
  return runs;
}

/**
 * Is this the first activity of its type since a reset that took back another of them? A reset keeps what was learned before it,
 * so the workflow itself knows nothing of that one.
 */
export async function hasForgottenOne(client: Client, run: WorkflowRun, activityType: string): Promise<boolean> {
  const history = await fetchEvents(client, run);
  const resetAt = lastReset(history);
  if (resetAt < 0 || count(history.slice(resetAt), activityType) > 1) return false;
  const kept = count(history.slice(0, resetAt), activityType);
  const before = await runsBefore(client, run.workflowId, history);
  return before.some(({ history }) => count(history, activityType) > kept);
}

function count(history: HistoryEvents, activityType: string): number {
  return history.filter(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === activityType,
  ).length;
}

/** A reset copies the events before it, earlier resets included, and then adds its own. */
function lastReset(history: HistoryEvents): number {
  return history.findLastIndex(({ workflowTaskFailedEventAttributes: failed }) => failed?.newRunId && failed.baseRunId);
}

async function fetchEvents(client: Client, { workflowId, runId }: WorkflowRun) {
  return (await ifThere(() => client.workflow.getHandle(workflowId, runId).fetchHistory()))?.events ?? [];
}

/** Nothing of a run that Temporal has no more: its retention is over, or a person has deleted it. */
export async function ifThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
