// Judges what LlamaCloud was asked to do, and would bill.
import { readEnd } from './run.mjs';

/** A run whose batch ended like this may create another, after a reset. */
const UNPAID = new Set(['CANCELLED', 'FAILED']);

/** A run pays for one batch at most, and each batch is one that a run names, or cancelled. */
export function checkBatches(evidence, runs) {
  const { plan, batches, requests, hits } = evidence;
  const problems = [];
  const owners = new Map(batches.map(({ id }) => [id, new Set()]));
  for (const { workflowId, executions, planned } of runs) {
    for (const { memo } of executions) {
      if (memo.llamacloudBatchId === undefined) continue;
      const named = owners.get(memo.llamacloudBatchId);
      if (named === undefined) problems.push(`${workflowId} names ${memo.llamacloudBatchId}, which does not exist`);
      else if (!planned.adopts) named.add(workflowId);
    }
  }
  const twice = hits.filter(({ kind }) => kind === 'duplicated').length;
  const mayLeave = runs.some(({ planned }) => planned.input.onStop === 'leave');
  // A batch that has ended can't be cancelled any more: LlamaCloud's answer says so.
  const cancelAnswered = new Set(
    requests
      .filter(({ method, status }) => method === 'POST' && status >= 200 && status < 500 && status !== 429)
      .map(({ path }) => /^\/api\/v2\/batches\/([^/]+)\/cancel$/.exec(path)?.[1]),
  );
  const untold = findUntold(evidence, runs);
  const unowned = batches.filter(
    ({ id, status }) => owners.get(id).size === 0 && status !== 'CANCELLED' && !untold.has(id),
  );
  const lost = unowned.filter(({ id }) => !cancelAnswered.has(id));
  if (lost.length > twice && !mayLeave) {
    problems.push(`batches that no run names and nobody has cancelled: ${lost.map(({ id }) => id).join(', ')}`);
  }
  for (const [id, named] of owners) {
    if (named.size > 1) problems.push(`batch ${id} was taken by ${named.size} runs: ${[...named].join(', ')}`);
  }
  const starts = runs.filter(({ planned }) => !planned.adopts).length + (plan.shape === 'again' ? 1 : 0);
  const paid = batches.filter(({ id, status }) => !UNPAID.has(status) && !cancelAnswered.has(id)).length;
  if (paid > starts + twice) problems.push(`${paid} batches for ${starts} runs`);
  return problems;
}

/** Batches of a `createBatch` that had ended when its run was terminated, before that run could name the batch. Its own memo has the id. */
function findUntold({ workflows }, runs) {
  const terminated = new Set(
    runs.filter(({ last }) => last.status === 'TERMINATED').map(({ workflowId }) => workflowId),
  );
  const creates = workflows.filter(({ type, status, events }) => {
    const parent = events[0]?.workflowExecutionStartedEventAttributes?.parentWorkflowExecution?.workflowId;
    const wasTold = events.some((event) => event.workflowExecutionCancelRequestedEventAttributes);
    return type === 'createBatch' && status === 'COMPLETED' && terminated.has(parent) && !wasTold;
  });
  return new Set(creates.map(({ memo }) => memo.llamacloudBatchId));
}

/** A run that was stopped leaves no job running, or says that it does. */
export function checkRemoteJobs({ jobs, occurred }, runs) {
  if (occurred.some(({ kind }) => kind === 'terminate' || kind === 'reset')) return [];
  return runs.flatMap(({ workflowId, last, planned }) => {
    const { type, message = '' } = readEnd(last);
    const isStopped = last.status === 'CANCELLED' || type === 'BatchTimedOut';
    if (!isStopped || planned.input.onStop === 'leave' || /could not|may go on/.test(message)) return [];
    const running = jobs.filter(
      ({ batchId, status }) =>
        batchId === last.memo.llamacloudBatchId && (status === 'RUNNING' || status === 'PENDING'),
    );
    return running.length === 0
      ? []
      : [`${workflowId} was stopped and left ${running.length} jobs running: ${message}`];
  });
}
