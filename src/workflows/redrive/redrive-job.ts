import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  sleep,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import {
  BLOCKED_BY_MEMO,
  cleanText,
  describeRedrive,
  MIN_DELAY_MS,
  type RedriveJobInput,
  type RedriveOutcome,
  rootFailure,
} from '../../protocol/index.js';
import { MAX_LOST_POSTS } from '../batch/find-new-batch.js';
import { type PostFailure, toPostFailure } from '../batch/post-failure.js';
import { openRedrive, postJob } from '../shared/activities.js';
import { assertContinuedState } from '../shared/continued-state.js';
import { code } from '../shared/details.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { formatTime } from '../shared/times.js';
import { unwrapFailure } from '../shared/unwrap-failure.js';
import { cancelRedrivenJob } from './cancel-redriven-job.js';
import { findNewJob, keepLockUntilListed, newRedriveState, type RedriveState, toFile } from './find-new-job.js';
import { assertRedriveInput } from './redrive-input.js';

/**
 * Gives a file whose job LlamaCloud has FAILED one new job, once. LlamaCloud has no idempotency key, so before each POST it looks for a job that
 * was made in place of the failed one, by this workflow or an earlier one, and takes it.
 *
 * `processBatch` runs this as a child whose workflow id is made of the file, the job type and the configuration. Temporal runs one workflow of an
 * id at a time: this is the lock. The workflow stays open until LlamaCloud's list shows its job: the next `redriveJob` has to see it.
 *
 * When it is cancelled, because its parent was cancelled or has closed, it looks for the job that it may have created, and cancels it.
 */
export async function redriveJob(input: RedriveJobInput, continuedState?: RedriveState): Promise<RedriveOutcome> {
  assertContinuedState(continuedState);
  assertRedriveInput(input);
  const state = continuedState ?? newRedriveState();
  setCurrentDetails('Making a new job. If a request fails, *Pending Activities* says why, and has its *Next Retry*.');
  try {
    const outcome = await redriveOrCancel(input, state);
    setCurrentDetails(
      outcome.jobId === null ? `No new job: ${code(outcome.reason)}` : `The file has job ${code(outcome.jobId)}`,
    );
    return outcome;
  } catch (error) {
    if (isTemporalFailure(error)) {
      const { type, message } = rootFailure(error);
      setCurrentDetails(`The workflow ended without its job: ${code(type)} ${code(message)}`);
    }
    throw error;
  }
}

async function redriveOrCancel(input: RedriveJobInput, state: RedriveState): Promise<RedriveOutcome> {
  try {
    return await redrive(input, state);
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    if (!isCancellation(error)) throw toRedriveFailure(input, state, error);
    await CancellationScope.nonCancellable(() => cancelRedrivenJob(input, state));
    return toOutcome(state);
  }
}

async function redrive(input: RedriveJobInput, state: RedriveState): Promise<RedriveOutcome> {
  const { scope, directoryId, fileId, job, jobIds } = input;
  const jobId = jobIds.at(-1) ?? '';
  const options = { summary: `Get the failed job ${jobId}` };
  state.opened ??= await openRedrive.executeWithOptions(options, [{ scope, directoryId, fileId, job, jobId }]);
  const { opened } = state;
  if (opened.reason !== null) return toOutcome(state);
  while (state.jobId === null) {
    state.jobId = await findNewJob(input, opened, state, state.waitForList);
    if (state.jobId !== null) break;
    if (state.lostPosts >= MAX_LOST_POSTS) throw toLostPostsFailure(input, state);
    const response = await post(input, opened, state);
    if ('jobId' in response) state.jobId = response.jobId;
    else if (response.isFinal) {
      // LlamaCloud rejected this POST for good. An earlier one may have created a job after all.
      if (state.mayHaveCreatedJob) state.jobId = await findNewJob(input, opened, state, false);
      if (state.jobId === null) throw response.error;
    } else if (!response.resetDiscardedPost) await waitBeforeNextPost(input, state, response);
  }
  upsertMemo({ [BLOCKED_BY_MEMO]: undefined });
  await keepLockUntilListed(input, opened, state);
  throwIfStopped();
  return toOutcome(state);
}

function toOutcome({ jobId, opened }: RedriveState): RedriveOutcome {
  return { jobId, reason: jobId === null ? (opened?.reason ?? null) : null, credits: opened?.credits ?? null };
}

/** Sends one POST. @throws a cancellation, and any error that is not a failure of the activity. */
async function post(
  input: RedriveJobInput,
  opened: NonNullable<RedriveState['opened']>,
  state: RedriveState,
): Promise<{ jobId: string } | PostFailure> {
  const options = { summary: `Create a job in place of ${input.jobIds.at(-1)}` };
  state.hasPosted = true;
  try {
    return await postJob.executeWithOptions(options, [toFile(input, opened)]);
  } catch (error) {
    const failure = toPostFailure(error);
    state.waitForList = failure.mayHaveCreatedBatch;
    state.mayHaveCreatedJob ||= failure.mayHaveCreatedBatch;
    if (failure.mayHaveCreatedBatch && !failure.isCreateUnlikely) state.lostPosts += 1;
    if (isCancellation(error)) throw error;
    return failure;
  }
}

/** A cancellation that comes together with the end of an activity or of a timer rejects neither. */
function throwIfStopped(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('redriveJob is being stopped');
}

function toLostPostsFailure({ job, jobIds, fileId }: RedriveJobInput, { lostPosts }: RedriveState): ApplicationFailure {
  const wanted = describeRedrive(job.type, jobIds[0] ?? '', fileId);
  const message = `${lostPosts} POSTs may each have created a job, and LlamaCloud's list shows none. Look in LlamaCloud for ${wanted}, and cancel it before you redrive again.`;
  return ApplicationFailure.nonRetryable(message, 'CreateOutcomeUnknown');
}

/** The failure of this workflow. If a POST may have created a job, it says so. */
function toRedriveFailure({ job, jobIds, fileId }: RedriveJobInput, state: RedriveState, error: unknown): unknown {
  const failure = unwrapFailure(error);
  if (!state.mayHaveCreatedJob || !(failure instanceof ApplicationFailure) || failure.type === 'CreateOutcomeUnknown')
    return failure;
  const wanted = describeRedrive(job.type, jobIds[0] ?? '', fileId);
  return ApplicationFailure.create({
    message: `An earlier POST may have created a job: look in LlamaCloud for ${wanted}. ${failure.message}`,
    type: 'CreateOutcomeUnknown',
    nonRetryable: true,
    cause: failure,
  });
}

async function waitBeforeNextPost(
  input: RedriveJobInput,
  state: RedriveState,
  { mayHaveCreatedBatch, retryDelayMs, error }: PostFailure,
): Promise<void> {
  const { type, message } = rootFailure(error);
  const problem = `The job is not created yet: ${code(type)} ${code(message)}`;
  const delayMs = Math.max(MIN_DELAY_MS, retryDelayMs);
  setCurrentDetails(`${problem}\n\nNext try at ${formatTime(Date.now() + delayMs)}.`);
  upsertMemo({ [BLOCKED_BY_MEMO]: cleanText(message) });
  // A pause of the account is logged once, by the worker.
  if (type !== 'AccountPaused')
    log.warn('The job is not created yet', { type, message, mayHaveCreatedJob: mayHaveCreatedBatch });
  await sleep(delayMs);
  throwIfStopped();
  setCurrentDetails(`${problem}\n\nTrying again. Before the next POST, LlamaCloud's list is read.`);
  if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof redriveJob>(input, state);
}
