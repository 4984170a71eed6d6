import { activityInfo, Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { HttpStatusError, isKnownNotCreated } from '../../llamacloud/index.js';
import { AccountPaused } from '../account/account-paused.js';
import { runAttempt } from '../support/run-attempt.js';
import { type LastReset, readLastReset } from './reset-history.js';

/** What the failure of a POST that creates a batch, or a job, carries. The names are in histories. */
export interface PostFailureDetails {
  /** Whether there may be a batch, or a job, although no response gave its id. */
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

/** What is created. */
export type Created = 'batch' | 'job';

/**
 * Sends one POST that costs money. LlamaCloud has no idempotency key, and a POST whose response is lost may have taken effect. So it is
 * never retried here: the workflow looks in LlamaCloud's lists, and decides about the next POST.
 *
 * @param what For the messages, such as `batch over directory dir-...`.
 * @param send Without a signal: aborting a POST does not undo it. The workflow waits for the response, and cancels what was created then.
 * @throws a non-retryable failure, with {@link PostFailureDetails} unless LlamaCloud rejected the request for good. `CancelledFailure`
 * with the same details if the activity was cancelled and nothing was returned.
 */
export async function postOnce<T>(created: Created, what: string, send: () => Promise<T>): Promise<T> {
  const outcome: Omit<PostFailureDetails, 'retryDelayMs'> = { mayHaveCreatedBatch: false };
  const earlierPost = () =>
    ApplicationFailure.retryable(
      `An earlier POST, whose outcome is not known, may have created a ${created}`,
      'ServiceUnavailable',
    );
  try {
    return await runAttempt('create', what, async ({ isFirst, signal }) => {
      // This activity is never retried. Only `temporal activity reset` starts it again, which `isFirst` sees by the activity's age: the
      // attempt number is 1 again. The first attempt may have sent its POST.
      // `withPostDetails` makes this failure non-retryable.
      outcome.mayHaveCreatedBatch = !isFirst;
      if (!isFirst) throw earlierPost();
      // Nothing is sent before this is known.
      const reset = await readResetOfCaller();
      signal.throwIfAborted();
      if (reset?.isParentClosed) throw toClosedRunFailure(created);
      outcome.mayHaveCreatedBatch = true;
      if (reset?.hasDiscardedActivity) {
        outcome.resetDiscardedPost = true;
        throw earlierPost();
      }
      try {
        return await send();
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
}

async function readResetOfCaller(): Promise<LastReset | null> {
  const { workflowExecution, activityType } = activityInfo();
  // A standalone activity has no workflow.
  if (workflowExecution === undefined) return null;
  return readLastReset(Context.current().client, workflowExecution, activityType);
}

/** A person has reset a workflow whose run has ended: nobody would process what it creates. */
function toClosedRunFailure(created: Created): ApplicationFailure {
  const message = `The run that this workflow creates a ${created} for has ended, so nothing was sent. Reset that run, or start a new one.`;
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
