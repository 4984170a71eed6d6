import { activityInfo, Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { HttpStatusError, isKnownNotCreated } from '../../llamacloud/index.js';
import type { CreatedBatch } from '../../protocol/index.js';
import { AccountPaused } from '../account/account-paused.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { toBatchWebhooks } from './batch-webhooks.js';
import { type BatchToCreate, toCreatedBatch } from './list-batches.js';
import { type LastReset, readLastReset } from './reset-history.js';

export interface PostBatchInput extends BatchToCreate {
  /** Workflow id of the run that the batch is for: a webhook of the batch wakes it. */
  runWorkflowId?: string | undefined;
}

/** What the failure of {@link postBatch} carries. */
export interface PostFailureDetails {
  /** Whether there may be a batch although no response gave its id. */
  mayHaveCreatedBatch: boolean;
  /** Wait before the next request, in milliseconds. */
  retryDelayMs: number;
  /**
   * Whether a batch is unlikely, as after a 503: it is looked for, but the POST does not count towards the limit of lost POSTs, since an
   * outage returns many 503s.
   */
  isCreateUnlikely?: boolean;
  /** Whether a reset of the workflow discarded an earlier POST, which may have created a batch. Then this attempt has sent nothing. */
  resetDiscardedPost?: boolean;
}

/** Message of an attempt that sends nothing, because an earlier POST has an unknown outcome. */
const EARLIER_POST_MESSAGE = 'An earlier POST, whose outcome is not known, may have created a batch';

/**
 * Creates the batch by one request: `POST /api/v2/batches`. LlamaCloud has no idempotency key, and a POST whose response is lost may
 * have created a batch that costs money. So it is never retried here: the workflow decides about the next POST.
 *
 * @throws a non-retryable failure, with {@link PostFailureDetails} unless LlamaCloud rejected the request for good. `CancelledFailure`
 * with the same details if the activity was cancelled and no batch was returned.
 */
export function postBatch(deps: ActivityDeps) {
  return async ({ directoryId, job, scope, runWorkflowId }: PostBatchInput): Promise<CreatedBatch> => {
    const outcome: Omit<PostFailureDetails, 'retryDelayMs'> = { mayHaveCreatedBatch: false };
    try {
      return await runAttempt('create', `batch over directory ${directoryId}`, async ({ isFirst, signal }) => {
        // This activity is never retried. Only `temporal activity reset` starts it again, which `isFirst` sees by the activity's age: the
        // attempt number is 1 again. The first attempt may have sent its POST.
        // `withPostDetails` makes this failure non-retryable.
        outcome.mayHaveCreatedBatch = !isFirst;
        if (!isFirst) throw ApplicationFailure.retryable(EARLIER_POST_MESSAGE, 'ServiceUnavailable');
        // Nothing is sent before this is known.
        const reset = await readResetOfCaller();
        signal.throwIfAborted();
        if (reset?.isParentClosed) throw toClosedRunFailure();
        outcome.mayHaveCreatedBatch = true;
        if (reset?.hasDiscardedActivity) {
          outcome.resetDiscardedPost = true;
          throw ApplicationFailure.retryable(EARLIER_POST_MESSAGE, 'ServiceUnavailable');
        }
        try {
          // Without a signal: aborting a POST does not undo it. The workflow waits for the response, and cancels the batch then.
          const webhooks = toBatchWebhooks(deps, runWorkflowId);
          const params = { ...scope, sourceDirectoryId: directoryId, job, ...webhooks };
          return toCreatedBatch(await deps.llamacloud.createBatch(params));
        } catch (error) {
          // Of a pause, nothing was sent, or the response was a 401 or 402.
          outcome.mayHaveCreatedBatch = !(error instanceof AccountPaused || isKnownNotCreated(error));
          if (error instanceof HttpStatusError && error.status === 503) outcome.isCreateUnlikely = true;
          throw error;
        }
      });
    } catch (error) {
      throw withPostDetails(error, outcome);
    }
  };
}

async function readResetOfCaller(): Promise<LastReset | null> {
  const { workflowExecution, activityType } = activityInfo();
  // A standalone activity has no workflow.
  if (workflowExecution === undefined) return null;
  return readLastReset(Context.current().client, workflowExecution, activityType);
}

/** A person has reset a `createBatch` whose run has ended: nobody would process its batch. */
function toClosedRunFailure(): ApplicationFailure {
  const message =
    'The run that this workflow creates a batch for has ended, so nothing was sent. Reset that run, or start a new one.';
  return ApplicationFailure.nonRetryable(message, 'InvalidInput');
}

/** Makes a failure non-retryable, and adds what the workflow needs to know before the next POST. A rejection for good stays as it is. */
function withPostDetails(error: unknown, outcome: Omit<PostFailureDetails, 'retryDelayMs'>): unknown {
  if (error instanceof CancelledFailure) return new CancelledFailure(error.message, [{ ...outcome, retryDelayMs: 0 }]);
  if (!(error instanceof ApplicationFailure) || (error.nonRetryable && !outcome.mayHaveCreatedBatch)) return error;
  const { message, type, nextRetryDelay, cause, category } = error;
  // The activity that looks for the batch, before the next POST, waits for the end of a pause: unlike a POST, that adds nothing to history.
  const retryDelayMs = type === 'AccountPaused' || typeof nextRetryDelay !== 'number' ? 0 : nextRetryDelay;
  const details: PostFailureDetails = { ...outcome, retryDelayMs };
  return ApplicationFailure.create({
    message,
    ...(type == null ? {} : { type }),
    nonRetryable: true,
    details: [details],
    ...(category == null ? {} : { category }),
    ...(cause === undefined ? {} : { cause }),
  });
}
