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
import type { CreatedBatch } from '../../activities/types.js';
import {
  BATCH_ID_MEMO,
  BLOCKED_BY_MEMO,
  cleanText,
  isFailure,
  MAY_HAVE_LEFT_BATCH,
  MIN_DELAY_MS,
  renderSummary,
  rootFailure,
} from '../../protocol/index.js';
import { postBatch } from '../shared/activities.js';
import { assertContinuedState } from '../shared/continued-state.js';
import { code } from '../shared/details.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { formatTime } from '../shared/times.js';
import { unwrapFailure } from '../shared/unwrap-failure.js';
import { cancelCreatedBatch } from './cancel-created-batch.js';
import { assertCreateInput, type CreateBatchInput } from './create-input.js';
import {
  type CreateState,
  clearPreexistingMemo,
  findNewBatch,
  keepLockUntilListed,
  listPreexisting,
  MAX_LOST_POSTS,
  newCreateState,
  recallOrListPreexisting,
  toPreexistingMemo,
} from './find-new-batch.js';
import { type PostFailure, toPostFailure } from './post-failure.js';

/**
 * Creates one batch, once. LlamaCloud has no idempotency key, and a POST whose response was lost may have created a batch that costs
 * money. So before each further POST, it looks for a batch that was not there before the first one.
 *
 * `processBatch` runs this as a child whose workflow id is made of the directory, the job type and the configuration. Temporal runs
 * one workflow of an id at a time, so within a namespace a new batch of that kind in LlamaCloud's list is this workflow's. The
 * workflow stays open until the list shows its batch: the next `createBatch` has to see that it was there before.
 *
 * When it is cancelled, because its parent was cancelled or has closed, it looks for the batch that it may have created, and
 * cancels it.
 */
export async function createBatch(input: CreateBatchInput, continuedState?: CreateState): Promise<CreatedBatch> {
  assertContinuedState(continuedState);
  assertCreateInput(input);
  const state = continuedState ?? newCreateState();
  setCurrentDetails('Creating the batch. If a request fails, *Pending Activities* says why, and has its *Next Retry*.');
  try {
    return await createOrCancel(input, state);
  } catch (error) {
    if (isTemporalFailure(error)) {
      const { type, message } = rootFailure(error);
      setCurrentDetails(`The workflow ended without its batch: ${code(type)} ${code(message)}`);
    }
    throw error;
  }
}

async function createOrCancel(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch> {
  try {
    return await create(input, state);
  } catch (error) {
    if (!isTemporalFailure(error)) throw error;
    if (!isCancellation(error)) {
      clearPreexistingMemo(state);
      throw toCreateFailure(input, state, error);
    }
    const batch = await CancellationScope.nonCancellable(() => cancelCreatedBatch(input, state));
    setCurrentDetails(`The run was stopped: ${code(batch.batchId)} is ${code(batch.status)}`);
    return batch;
  }
}

async function create(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch> {
  let isFirstPost = state.preexisting === null;
  let preexisting = await recallOrListPreexisting(input, state);
  while (state.batch === null) {
    // Before the first POST of all, the list has just been read. After a reset, an earlier POST may have created a batch.
    const mustLookFirst = !isFirstPost || state.mayHaveCreatedBatch;
    isFirstPost = false;
    state.batch = mustLookFirst ? await findNewBatch(input, preexisting, state.waitForList) : null;
    if (state.batch !== null) break;
    if (state.lostPosts >= MAX_LOST_POSTS) throw toLostPostsFailure(input, state);
    const response = await post(input, state);
    if ('batchId' in response) state.batch = response;
    else if (isAccountPause(response) && !state.mayHaveCreatedBatch) {
      // Nothing was created. The wait may take days: what is there by then is not this workflow's, so the list is read again.
      state.preexisting = null;
      clearPreexistingMemo(state);
      await waitBeforeNextPost(input, state, response);
      preexisting = await listPreexisting(input, state);
      isFirstPost = true;
    } else if (response.resetDiscardedPost) {
      // Nothing was sent. The batch of the discarded POST may be in the list of `state`, as one that was there before: take the list that
      // was read before that POST.
      state.preexisting = null;
      preexisting = await recallOrListPreexisting(input, state);
    } else if (response.isFinal) {
      // LlamaCloud rejected this POST for good. An earlier one may have created a batch after all.
      state.batch = state.mayHaveCreatedBatch ? await findNewBatch(input, preexisting, false) : null;
      if (state.batch === null) throw response.error;
    } else await waitBeforeNextPost(input, state, response);
  }
  upsertMemo({ [BATCH_ID_MEMO]: state.batch.batchId, [BLOCKED_BY_MEMO]: undefined });
  setCurrentDetails(`Created ${code(state.batch.batchId)}`);
  await keepLockUntilListed(input, state.batch.batchId, LISTED_TIMEOUT_MS);
  throwIfStopped();
  return state.batch;
}

function isAccountPause({ error }: PostFailure): boolean {
  return rootFailure(error).type === 'AccountPaused';
}

/** How long the lock is kept for a list that does not respond, in milliseconds. */
const LISTED_TIMEOUT_MS = 3 * 60_000;

/** Sends one POST. @throws a cancellation, and any error that is not a failure of the activity. */
async function post(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch | PostFailure> {
  const options = { summary: `Create a batch: ${renderSummary(input.directoryId, input.job)}` };
  try {
    return await postBatch.executeWithOptions(options, [
      { ...input, runWorkflowId: workflowInfo().parent?.workflowId },
    ]);
  } catch (error) {
    const failure = toPostFailure(error);
    state.waitForList = failure.mayHaveCreatedBatch;
    state.mayHaveCreatedBatch ||= failure.mayHaveCreatedBatch;
    if (failure.mayHaveCreatedBatch && !failure.isCreateUnlikely) state.lostPosts += 1;
    if (isCancellation(error)) throw error;
    return failure;
  }
}

/** A cancellation that comes together with the end of an activity or of a timer rejects neither. */
function throwIfStopped(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('createBatch is being stopped');
}

function toLostPostsFailure({ directoryId }: CreateBatchInput, { lostPosts }: CreateState): ApplicationFailure {
  const message = `${lostPosts} POSTs may each have created a batch over directory ${directoryId}, and LlamaCloud's list shows none of them. Look for them in LlamaCloud, and cancel them before you start again.`;
  return ApplicationFailure.nonRetryable(message, 'CreateOutcomeUnknown', MAY_HAVE_LEFT_BATCH);
}

/** The failure of this workflow: a rejected POST, or a list that can't be read. If a POST may have created a batch, it says so. */
function toCreateFailure({ directoryId }: CreateBatchInput, state: CreateState, error: unknown): unknown {
  const failure = unwrapFailure(error);
  if (
    !state.mayHaveCreatedBatch ||
    !(failure instanceof ApplicationFailure) ||
    isFailure(failure, 'CreateOutcomeUnknown')
  )
    return failure;
  const { message, type, details } = failure;
  return ApplicationFailure.create({
    message: `${message} An earlier POST may have created a batch over directory ${directoryId}, which was not found in LlamaCloud's list. Look for it before you start again.`,
    nonRetryable: true,
    cause: failure,
    ...(type == null ? {} : { type }),
    details: [...(details ?? []), MAY_HAVE_LEFT_BATCH],
  });
}

async function waitBeforeNextPost(
  input: CreateBatchInput,
  state: CreateState,
  { mayHaveCreatedBatch, retryDelayMs, error }: PostFailure,
): Promise<void> {
  const { type, message } = rootFailure(error);
  const problem = `The batch is not created yet: ${code(type)} ${code(message)}`;
  const delayMs = Math.max(MIN_DELAY_MS, retryDelayMs);
  setCurrentDetails(`${problem}\n\nNext try at ${formatTime(Date.now() + delayMs)}.`);
  upsertMemo({ [BLOCKED_BY_MEMO]: cleanText(message), ...toPreexistingMemo(state) });
  // A pause of the account is logged once, by the worker.
  if (type !== 'AccountPaused') log.warn('The batch is not created yet', { type, message, mayHaveCreatedBatch });
  await sleep(delayMs);
  throwIfStopped();
  setCurrentDetails(`${problem}\n\nTrying again. Before the next POST, LlamaCloud's list is read.`);
  if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof createBatch>(input, state);
}
