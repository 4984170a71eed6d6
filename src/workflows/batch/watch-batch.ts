import { getExternalWorkflowHandle, patched, workflowInfo } from '@temporalio/workflow';
import {
  type ResolvedBatchInput,
  STUCK_SIGNAL,
  type StuckReport,
  settledCount,
  TAKES_STUCK_MEMO,
} from '../../protocol/index.js';
import { code } from '../shared/details.js';
import { recordStuck } from '../shared/metrics.js';
import { watchForStuck } from '../shared/stuck.js';
import { publishDetails } from './publish.js';
import type { BatchState } from './state.js';

/** Calls the run stuck while neither its batch nor a job nor a file changes for `stuckAfter`. */
export function watchBatch(state: BatchState, { stuckAfterMs, directoryId, job }: ResolvedBatchInput): void {
  // The history of a run that 0.1.0 has opened has no such timer.
  // The limit may come from a newer worker than the one that goes on with the run: in a deployment, both run.
  if (stuckAfterMs === undefined || !patched('stuck')) return;
  watchForStuck(state, {
    stuckAfterMs,
    toKey: () =>
      [state.batchId, state.status, state.jobsEnded, state.redrivenJobs, settledCount(state.files)].join(' '),
    advise: () => advise(state),
    publish: () => {
      if (state.stuck !== null) recordStuck(state.phase, job.type);
      publishDetails(state);
      tellParent({ directoryId, since: state.stuck?.since ?? null });
    },
  });
}

/** The run over many directories shows which of its batches are stuck. */
function tellParent(report: StuckReport): void {
  const { parent, memo } = workflowInfo();
  if (parent === undefined || memo?.[TAKES_STUCK_MEMO] !== true) return;
  getExternalWorkflowHandle(parent.workflowId)
    .signal<[StuckReport]>(STUCK_SIGNAL, report)
    // It may have ended.
    .catch(() => undefined);
}

/** What to look at, and what to do, in the step that the run is in. */
function advise(state: BatchState): string {
  const batch = `batch ${code(state.batchId)}`;
  const cancel = 'If it does not go on, cancel the run: it collects what has finished.';
  switch (state.phase) {
    case 'creating':
      return 'There is no batch yet. `blockedBy` of `progress` says what the run is retrying or waits for.';
    case 'waiting':
      return `LlamaCloud has not changed the status of ${batch}. Look at it there: ${code(`temporal-llamacloud batches get ${state.batchId}`)}. ${cancel}`;
    case 'expanding':
      return `LlamaCloud does not give the results of ${batch}, or a poll fails: see \`blockedBy\` of \`progress\`. ${cancel}`;
    case 'redriving':
      return `Failed jobs get no new ones: look at the child workflows \`redriveJob\` in the Temporal UI. ${cancel}`;
    case 'processing':
      return `${describeOpen(state)} ${cancel}`;
    default:
      return 'An activity is being retried: `blockedBy` of `progress` says why.';
  }
}

function describeOpen({ page, running }: BatchState): string {
  const jobs = (page?.files ?? []).filter(({ row, jobEnded, line }) => line === null && row.job !== null && !jobEnded);
  if (jobs.length === 0 || running >= jobs.length)
    return `Child workflows are open (${running}): look at them in the Temporal UI, and check that a worker polls their task queue.`;
  return `Jobs have not ended in LlamaCloud (${jobs.length}): a parse job may take 30 minutes and 5 more a page. For such files, give the run a longer \`stuckAfter\`.`;
}
