// Judges a scenario by what it left behind. Imports nothing of the package: its code would share its mistakes.
import { relative } from 'node:path';
import { API_KEY, SIGNATURE } from '../secrets.mjs';
import { checkBatches, checkRemoteJobs } from './batches.mjs';
import { checkRun } from './run.mjs';

/**
 * A workflow task that fails for one of these is Temporal's doing: an event came while it was under way (1), the workflow was terminated
 * meanwhile (17), or reset (20).
 */
const HARMLESS_TASK_FAILURES = new Set([1, 17, 20]);

/** @returns what is wrong, one sentence each */
export function check(evidence) {
  const runs = findRuns(evidence);
  return [
    ...checkEnd(evidence),
    ...checkTasks(evidence),
    ...checkBatches(evidence, runs),
    ...runs.flatMap((run) => checkRun(evidence, run, runs)),
    ...checkFiles(evidence),
    ...checkSecrets(evidence),
    ...checkRemoteJobs(evidence, runs),
  ];
}

/** The `processBatch` workflows by workflow id, with the executions of each, oldest first. */
function findRuns({ workflows, plan }) {
  const byId = groupById(workflows);
  const runs = [];
  for (const [workflowId, executions] of byId) {
    const batchExecutions = executions.filter(({ type }) => type === 'processBatch');
    if (batchExecutions.length === 0) continue;
    const sorted = batchExecutions.sort((a, b) => a.startTime - b.startTime);
    // Two runs may have the default workflow id, one after the other: `last` is of the second.
    const planned = plan.runs.find((run) => run.workflowId === workflowId) ?? plan.runs.at(-1);
    runs.push({ workflowId, executions: sorted, last: sorted.at(-1), planned });
  }
  return runs;
}

function groupById(workflows) {
  const groups = new Map();
  for (const workflow of workflows) {
    const group = groups.get(workflow.workflowId) ?? [];
    groups.set(workflow.workflowId, [...group, workflow]);
  }
  return groups;
}

function checkEnd({ stuck, tookMs, notStarted }) {
  return [
    ...stuck.map((state) => `not ended after ${Math.round(tookMs / 1_000)} s: ${state}`),
    ...notStarted
      .filter(({ reason }) => !reason.startsWith('WorkflowExecutionAlreadyStartedError'))
      .map(({ name, reason }) => `${name} could not be started: ${reason}`),
  ];
}

function checkTasks({ workflows }) {
  return workflows.flatMap(({ workflowId, events }) =>
    events
      .filter(({ workflowTaskFailedEventAttributes: failed }) => failed && !HARMLESS_TASK_FAILURES.has(failed.cause))
      .map(({ workflowTaskFailedEventAttributes: failed }) => {
        return `a workflow task of ${workflowId} failed: ${failed.cause} ${failed.failure?.message ?? ''}`;
      }),
  );
}

/** Nothing is written outside the output folder, or under a name that nobody expects there. */
function checkFiles({ files, output, batches }) {
  const batchIds = new Set(batches.map(({ id }) => id));
  return [...files.keys()]
    .filter((path) => !isExpected(relative(output, path).split('/'), batchIds))
    .map((path) => `${path} should not be there`);
}

function isExpected([top, ...rest], batchIds) {
  if (rest.length === 0) return top === '.store-id';
  if (top === '.tmp') return true;
  if (top.startsWith('directories-')) return true;
  if (!batchIds.has(top)) return false;
  return rest.length === 1 || rest[0] === 'runs';
}

function checkSecrets({ workflows, files }) {
  const texts = [
    ...workflows.map(({ workflowId, events, memo }) => [workflowId, JSON.stringify([memo, events])]),
    ...[...files].map(([path, content]) => [path, content.toString()]),
  ];
  return texts
    .filter(([, text]) => text.includes(API_KEY) || text.includes(SIGNATURE))
    .map(([name]) => `there is a secret in ${name}`);
}
