import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/workflow';
import { describeRedrive, type RedriveJobInput, rootFailure } from '../../protocol/index.js';
import { cancelJob, PAST_PAUSE } from '../shared/activities.js';
import { findNewJob, type RedriveState } from './find-new-job.js';

/** Bounds each activity of a `redriveJob` that was cancelled, in milliseconds. */
const CLEANUP_TIMEOUT_MS = 2 * 60_000;

/**
 * Finds the job that this workflow created or may have created, and cancels it unless it is to be left. Otherwise nobody would know that it runs.
 *
 * @throws CancelledFailure where there is none, and a failure where one may go on: a person has to look.
 */
export async function cancelRedrivenJob(input: RedriveJobInput, state: RedriveState): Promise<void> {
  state.jobId ??= await findJobToCancel(input, state);
  if (state.jobId === null) throw new CancelledFailure('The run was stopped before there was a new job');
  if (input.onStop === 'leave') return;
  const { scope, job } = input;
  const summary = `Cancel job ${state.jobId}`;
  try {
    await cancelJob.executeWithOptions({ summary, scheduleToCloseTimeout: CLEANUP_TIMEOUT_MS }, [
      { ...scope, id: state.jobId, type: job.type },
    ]);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    throw ApplicationFailure.create({
      message: `The run was stopped, and job ${state.jobId} may go on. Cancel it in LlamaCloud. ${rootFailure(error).message}`,
      type: 'JobCancelled',
      nonRetryable: true,
      cause: error,
      details: [{ jobId: state.jobId }],
    });
  }
}

async function findJobToCancel(input: RedriveJobInput, state: RedriveState): Promise<string | null> {
  const { opened, mayHaveCreatedJob, lostPosts } = state;
  if (opened === null || !mayHaveCreatedJob) return null;
  const wanted = describeRedrive(input.job.type, input.jobIds[0] ?? '', input.fileId);
  const mayRun = `The run was stopped, and ${wanted} may be running. Look for it in LlamaCloud, and cancel it`;
  const options = { ...PAST_PAUSE, scheduleToCloseTimeout: CLEANUP_TIMEOUT_MS };
  try {
    const found = await findNewJob(input, opened, state, true, options, true);
    if (found !== null || lostPosts === 0) return found;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    throw ApplicationFailure.create({
      message: `${mayRun}: its list could not be read. ${rootFailure(error).message}`,
      type: 'CreateOutcomeUnknown',
      nonRetryable: true,
      cause: error,
    });
  }
  throw ApplicationFailure.nonRetryable(`${mayRun}: its list does not show it.`, 'CreateOutcomeUnknown');
}
