import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  CancelledFailure,
  ChildWorkflowFailure,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { JobReference, ResultRow } from '../../activities/types.js';
import {
  cleanText,
  describeRedrive,
  type FailureType,
  findJobInFailure,
  type ManifestLine,
  type RedriveOutcome,
  type ResolvedBatchInput,
  redriveJobWorkflowId,
  rootFailure,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import type { redriveJob } from '../redrive/redrive-job.js';
import { findEarlierChild, waitForEarlierChild } from '../shared/activities.js';
import { cancelWithScope, executeCancellableChild } from '../shared/cancellable-child.js';
import { CANCELLED_WITH_PARENT } from '../shared/child-options.js';
import { openLimit, untilResumed } from '../shared/control.js';
import { recordFile } from '../shared/metrics.js';
import { ReadyQueue } from '../shared/ready-queue.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { publishDetails, setPhase } from './publish.js';
import { type BatchState, hasTooManyFailures, type OpenPage, type PageFile, recordFileOutcome } from './state.js';

/** Far below the 51,200 events at which Temporal terminates a workflow: the round of jobs that has begun has to end. */
const MAX_HISTORY_EVENTS = 25_000;

/**
 * Whether a file may get another job. A batch that was CANCELLED and a run that is stopping make none, and a configuration fits jobs of its own type
 * only.
 */
export function mayRedrive(
  { status, phase }: BatchState,
  { retryFailed = 0, job }: ResolvedBatchInput,
  row: ResultRow,
  { error }: ManifestLine,
): boolean {
  const isFailed: FailureType = 'JobFailed';
  if (error?.type !== isFailed || status !== 'COMPLETED' || phase === 'stopping') return false;
  return (row.previousJobs?.length ?? 0) < retryFailed && row.job?.type === job.type;
}

/**
 * Gives each file whose job FAILED another one, at most `maxConcurrentJobs` at a time. Files that get none have their line then.
 *
 * @returns Whether a file has got one: the page has to be fanned out again.
 * @throws CancelledFailure when the run is stopping. Jobs that were created are those of their files then.
 */
export async function redriveFailed(state: BatchState, input: ResolvedBatchInput, page: OpenPage): Promise<boolean> {
  const failed = page.files.filter(({ failedLine, line }) => failedLine != null && line === null);
  if (failed.length === 0) return false;
  setPhase(state, 'redriving');
  const queue = new ReadyQueue<PageFile>(() =>
    openLimit(state, state.control.maxConcurrentJobs ?? input.maxConcurrentJobs),
  );
  for (const file of failed) queue.add(file);
  queue.close();
  await queue.run(
    async (file) => {
      await redriveFile(state, input, file);
      publishDetails(state);
    },
    () => hasTooManyFailures(state),
  );
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The run is being stopped');
  // The new jobs have as much time as those of the batch had.
  state.jobsSinceMs = Date.now();
  return page.files.some(({ line }) => line === null);
}

async function redriveFile(state: BatchState, input: ResolvedBatchInput, file: PageFile): Promise<void> {
  const { row, failedLine } = file;
  const { job } = row;
  if (job === null || failedLine == null) return;
  if (workflowInfo().historyLength > MAX_HISTORY_EVENTS) {
    settle(state, file, failedLine, {
      reason: 'the history of this run is long. Redrive the batch again',
      credits: null,
    });
    return;
  }
  state.running += 1;
  try {
    const outcome = await runRedriveJob(state, input, row, job);
    if (outcome.jobId === null) settle(state, file, failedLine, outcome);
    else takeJob(state, file, { ...job, id: outcome.jobId }, outcome);
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    const jobId = findJobInFailure(error instanceof ChildWorkflowFailure ? error.cause : error);
    // The stop tries to cancel it once more.
    if (jobId !== null) takeJob(state, file, { ...job, id: jobId }, { credits: null });
    else if (!isCancellation(error) || !CancellationScope.current().consideredCancelled)
      settleAfterFailure(state, file, failedLine, error);
  } finally {
    state.running -= 1;
  }
}

/** From here on it is the job of the file: it is waited for, collected, and cancelled with the run. */
function takeJob(
  state: BatchState,
  file: PageFile,
  job: JobReference,
  { credits }: Pick<RedriveOutcome, 'credits'>,
): void {
  const { row } = file;
  const previousJobs = [...(row.previousJobs ?? []), { jobId: row.job?.id ?? '', credits }];
  file.row = { ...row, job, previousJobs };
  file.failedLine = null;
  if (file.jobEnded) state.jobsEnded -= 1;
  file.jobEnded = false;
  state.redrivenJobs += 1;
}

/** The file stays failed. Its line says why it has no other job. */
function settle(
  state: BatchState,
  file: PageFile,
  failedLine: ManifestLine,
  { reason, credits }: Pick<RedriveOutcome, 'reason' | 'credits'>,
): void {
  const { type, message } = failedLine.error ?? { type: '', message: '' };
  const error = { type, message: cleanText(`${cleanText(message, 180)}. No other job: ${reason ?? 'unknown'}`) };
  recordFailed(state, file, { ...failedLine, credits, error });
}

/** Where there may be a job that is not known, a person has to look: the line says so. */
function settleAfterFailure(state: BatchState, file: PageFile, failedLine: ManifestLine, error: unknown): void {
  const { type, message } = rootFailure(error);
  const unknown: FailureType = 'CreateOutcomeUnknown';
  if (type === unknown || type === 'TerminatedFailure') {
    const what = type === unknown ? message : toTerminatedMessage(failedLine);
    recordFailed(state, file, { ...failedLine, error: { type: unknown, message: cleanText(what) } });
  } else {
    const reason = isCancellation(error) ? 'the workflow that makes it was cancelled' : `${type}: ${message}`;
    settle(state, file, failedLine, { reason, credits: null });
  }
}

function toTerminatedMessage({ jobType, jobId, fileId }: ManifestLine): string {
  const wanted = describeRedrive(jobType ?? 'parse_v2', jobId ?? '', fileId);
  return `The redriveJob of this file was terminated. Look in LlamaCloud for ${wanted}`;
}

function recordFailed(state: BatchState, file: PageFile, line: ManifestLine): void {
  recordFile(recordFileOutcome(state, file, line), false);
}

/** Runs `redriveJob` as a child whose workflow id is the lock. Waits while another run has it. */
async function runRedriveJob(
  state: BatchState,
  input: ResolvedBatchInput,
  row: ResultRow,
  job: JobReference,
): Promise<RedriveOutcome> {
  const { scope, directoryId, onStop } = input;
  const { fileId, name, previousJobs = [] } = row;
  const workflowId = redriveJobWorkflowId(fileId, input.job);
  const jobIds = [...previousJobs.map(({ jobId }) => jobId), job.id];
  for (;;) {
    try {
      return await executeCancellableChild<typeof redriveJob>(WORKFLOW_TYPES.redriveJob, {
        workflowId,
        args: [{ scope, directoryId, fileId, job: input.job, jobIds, onStop }],
        staticSummary: name ?? fileId,
        ...CANCELLED_WITH_PARENT,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await waitForLock(input, workflowId);
      await untilResumed(state);
    }
  }
}

/** Another run has the lock, or a child of this run from before a reset: that one is cancelled with this run. */
async function waitForLock({ scope }: ResolvedBatchInput, workflowId: string): Promise<void> {
  const { firstExecutionRunId: firstRunId } = workflowInfo();
  const summary = `Wait for the earlier ${workflowId}`;
  const wait = () => waitForEarlierChild.executeWithOptions({ summary }, [{ workflowId }]);
  const own = await findEarlierChild.executeWithOptions({ summary: `Look for ${workflowId} from before a reset` }, [
    { scope, workflowId, firstRunId },
  ]);
  await (own === null ? wait() : cancelWithScope(workflowId, wait));
}
