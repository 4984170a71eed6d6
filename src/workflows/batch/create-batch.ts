import {
  ActivityFailure,
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
import type { CreatedBatch, PreexistingBatches } from '../../activities/types.js';
import {
  BATCH_ID_MEMO,
  BLOCKED_BY_MEMO,
  cleanText,
  MIN_DELAY_MS,
  renderSummary,
  rootFailure,
} from '../../protocol/index.js';
import { postBatch } from '../shared/activities.js';
import { assertContinuedState } from '../shared/continued-state.js';
import { code } from '../shared/details.js';
import { isTemporalFailure } from '../shared/temporal-failure.js';
import { unwrapFailure } from '../shared/unwrap-failure.js';
import { cancelCreatedBatch } from './cancel-created-batch.js';
import { assertCreateInput, type CreateBatchInput } from './create-input.js';
import { type CreateState, findNewBatch, listPreexisting } from './find-new-batch.js';
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
  const state = continuedState ?? { preexisting: null, mayHaveCreatedBatch: false, lostPosts: 0, batch: null };
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
    if (!isCancellation(error)) throw unwrapFailure(error);
    const batch = await CancellationScope.nonCancellable(() => cancelCreatedBatch(input, state));
    setCurrentDetails(`The run was stopped: ${code(batch.batchId)} is ${code(batch.status)}`);
    return batch;
  }
}

async function create(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch> {
  let preexisting = await listPreexisting(input, state);
  let mayHaveCreatedEarlier = false;
  for (let attempt = 1; state.batch === null; attempt++) {
    mayHaveCreatedEarlier ||= state.mayHaveCreatedBatch;
    const mustLookFirst = attempt > 1 || state.mayHaveCreatedBatch;
    state.batch = mustLookFirst ? await findNewBatch(input, preexisting, state.mayHaveCreatedBatch) : null;
    if (state.batch !== null) break;
    if (state.lostPosts >= MAX_LOST_POSTS) throw toLostPostsFailure(input, state);
    const response = await post(input, state);
    if ('batchId' in response) state.batch = response;
    else if (response.wasReset) {
      // Nothing was sent. The list from before the reset may hold the batch of the POST that the reset discarded.
      state.preexisting = null;
      preexisting = await listPreexisting(input, state);
    } else if (response.isFinal) {
      // LlamaCloud rejected this POST for good. An earlier one may have created a batch after all.
      state.batch = mayHaveCreatedEarlier ? await findNewBatch(input, preexisting, false) : null;
      if (state.batch === null) throw state.lostPosts > 0 ? toRejectedFailure(input, response.error) : response.error;
    } else await waitBeforeNextPost(input, state, response);
  }
  upsertMemo({ [BATCH_ID_MEMO]: state.batch.batchId, [BLOCKED_BY_MEMO]: undefined });
  setCurrentDetails(`Created ${code(state.batch.batchId)}`);
  await waitUntilListed(input, preexisting);
  throwIfStopped();
  return state.batch;
}

/** Sends one POST. @throws a cancellation, and what is no failure of the activity. */
async function post(input: CreateBatchInput, state: CreateState): Promise<CreatedBatch | PostFailure> {
  const options = { summary: `Create a batch: ${renderSummary(input.directoryId, input.job)}` };
  try {
    return await postBatch.executeWithOptions(options, [input]);
  } catch (error) {
    const failure = toPostFailure(error);
    state.mayHaveCreatedBatch = failure.mayHaveCreatedBatch;
    if (failure.mayHaveCreatedBatch && !failure.wasUnavailable) state.lostPosts += 1;
    if (isCancellation(error)) throw error;
    return failure;
  }
}

/** A cancellation that comes together with the end of an activity or of a timer rejects neither. */
function throwIfStopped(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('createBatch is being stopped');
}

/** Each may have created a batch that costs money, so a person has to look. An outage with responses of 503 may last for hours. */
const MAX_LOST_POSTS = 3;

function toLostPostsFailure({ directoryId }: CreateBatchInput, { lostPosts }: CreateState): ApplicationFailure {
  const message = `${lostPosts} POSTs may each have created a batch over directory ${directoryId}, and LlamaCloud's list shows none of them. Look for them in LlamaCloud, and cancel them before you start again.`;
  return ApplicationFailure.nonRetryable(message, 'CreateOutcomeUnknown');
}

/** The rejection of a POST, where an earlier one may have created a batch after all. */
function toRejectedFailure({ directoryId }: CreateBatchInput, error: unknown): ApplicationFailure {
  const { type, message } = rootFailure(error);
  return ApplicationFailure.nonRetryable(
    `${message} An earlier POST may have created a batch over directory ${directoryId} that LlamaCloud's list does not show. Look for it before you start again.`,
    type,
  );
}

async function waitBeforeNextPost(
  input: CreateBatchInput,
  state: CreateState,
  { mayHaveCreatedBatch, retryDelayMs, error }: PostFailure,
): Promise<void> {
  const { type, message } = rootFailure(error);
  setCurrentDetails(`The batch is not created yet: ${code(type)} ${code(message)}`);
  upsertMemo({ [BLOCKED_BY_MEMO]: cleanText(message) });
  log.warn('The batch is not created yet', { type, message, mayHaveCreatedBatch });
  await sleep(Math.max(MIN_DELAY_MS, retryDelayMs));
  throwIfStopped();
  // If a person resets the execution that follows, its history has none of the POSTs that it sent. So it starts by looking for a batch.
  if (workflowInfo().continueAsNewSuggested)
    await continueAsNew<typeof createBatch>(input, { ...state, mayHaveCreatedBatch: true });
}

/** Waits until LlamaCloud's list shows the batch; three minutes, since a list that never does must not hold up the run. */
async function waitUntilListed(input: CreateBatchInput, preexisting: PreexistingBatches): Promise<void> {
  const options = { summary: 'Wait until the list shows the batch', scheduleToCloseTimeout: '3 minutes' } as const;
  try {
    await findNewBatch(input, preexisting, true, options);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  }
}
