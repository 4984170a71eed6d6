/** Activities of the child workflow `createBatch`: list the batches that are there, send the POST, find the batch whose response was lost. */
import { activityInfo, Context, log } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import {
  type Batch,
  ConnectionError,
  HttpStatusError,
  type ListedBatch,
  UnexpectedResponseError,
} from '../../llamacloud/index.js';
import { type ApiScope, type BatchSpec, type CreatedBatch, LIST_LAG_MS } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { NotReady } from '../support/not-ready.js';
import { runAttempt } from '../support/run-attempt.js';
import { toStatus } from '../support/status.js';
import { type LastReset, readLastReset } from './reset-history.js';

export interface BatchToCreate extends BatchSpec {
  scope: ApiScope;
}

/** What the failure of {@link postBatch} carries. */
export interface PostFailureDetails {
  /** Whether there may be a batch although no response gave its id. */
  mayHaveCreatedBatch: boolean;
  /** Wait before the next request, in milliseconds. */
  retryDelayMs: number;
  /**
   * Whether the response was 503. There may be a batch even then. It does not count towards the limit of lost POSTs, since an outage
   * returns many 503s.
   */
  wasUnavailable?: boolean;
  /** Whether a reset of the workflow discarded an earlier POST, which may have created a batch. Then this attempt has sent nothing. */
  wasReset?: boolean;
}

/** The batches that were there before the first POST, and that may be of this spec. Any other batch is new. */
export interface PreexistingBatches {
  /** Only batches created since then are listed, epoch milliseconds. */
  sinceMs: number;
  batchIds: string[];
  /** Batches whose id is not usable. */
  withoutId: number;
}

/** Upper bound on the difference between LlamaCloud's clock and the Temporal server's. The list starts that much before now. */
const MAX_CLOCK_SKEW_MS = 24 * 60 * 60_000;

/** Lists the batches of the last 24 hours that may be of this spec. `GET /api/v2/batches`. */
export function listRecentBatches(deps: ActivityDeps) {
  return (input: BatchToCreate): Promise<PreexistingBatches> =>
    // The first request of a run whose failure counts: `openBatch` only counts the files, and ignores failures. With 'open', a wrong key
    // or id fails the run at once.
    runAttempt('open', `directory ${input.directoryId}`, async ({ nowMs, signal }) => {
      const sinceMs = nowMs - MAX_CLOCK_SKEW_MS;
      const batches = await listBatches(deps, input, sinceMs, signal);
      const batchIds = batches.filter(hasId).map(({ id }) => id);
      return { sinceMs, batchIds, withoutId: batches.length - batchIds.length };
    });
}

/** Message of an attempt that sends nothing. For the workflow, such an attempt is a lost POST. */
const EARLIER_POST_MESSAGE = 'An earlier POST, whose outcome is not known, may have created a batch';

/**
 * Creates the batch by one request: `POST /api/v2/batches`. LlamaCloud has no idempotency key, and a POST whose response is lost may
 * have created a batch that costs money. So it is never retried here: the workflow decides about the next POST.
 *
 * @throws a non-retryable failure, with {@link PostFailureDetails} unless LlamaCloud rejected the request for good. `CancelledFailure`
 * with the same details if the activity was cancelled and no batch was returned.
 */
export function postBatch(deps: ActivityDeps) {
  return async ({ directoryId, job, scope }: BatchToCreate): Promise<CreatedBatch> => {
    const outcome: Omit<PostFailureDetails, 'retryDelayMs'> = { mayHaveCreatedBatch: false };
    try {
      return await runAttempt('create', `batch over directory ${directoryId}`, async ({ isFirst, signal }) => {
        // This activity is never retried. Only `temporal activity reset` starts it again: the first attempt may have sent its POST.
        // `withPostDetails` makes this failure non-retryable.
        outcome.mayHaveCreatedBatch = !isFirst;
        if (!isFirst) throw ApplicationFailure.retryable(EARLIER_POST_MESSAGE, 'ServiceUnavailable');
        // Nothing is sent before this is known.
        const reset = await readResetOfCaller();
        signal.throwIfAborted();
        if (reset?.isParentClosed) throw toClosedRunFailure();
        outcome.mayHaveCreatedBatch = true;
        if (reset?.hasDiscardedActivity) {
          outcome.wasReset = true;
          throw ApplicationFailure.retryable(EARLIER_POST_MESSAGE, 'ServiceUnavailable');
        }
        try {
          // Without a signal: aborting a POST does not undo it. The workflow waits for the response, and cancels the batch then.
          return toCreatedBatch(await deps.llamacloud.createBatch({ ...scope, sourceDirectoryId: directoryId, job }));
        } catch (error) {
          outcome.mayHaveCreatedBatch = !isKnownNotCreated(error);
          if (error instanceof HttpStatusError && error.status === 503) outcome.wasUnavailable = true;
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

/**
 * Whether an error shows that nothing was created: the request did not reach LlamaCloud, or LlamaCloud rejected it with a 4xx other than
 * 408. A 408, a timeout, a reset connection, a 5xx and a body that is cut leave it open.
 */
function isKnownNotCreated(error: unknown): boolean {
  if (error instanceof HttpStatusError) return error.status >= 400 && error.status < 500 && error.status !== 408;
  return error instanceof ConnectionError && /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(error.message);
}

/** Makes a failure non-retryable, and adds what the workflow needs to know before the next POST. A rejection for good stays as it is. */
function withPostDetails(error: unknown, outcome: Omit<PostFailureDetails, 'retryDelayMs'>): unknown {
  if (error instanceof CancelledFailure) return new CancelledFailure(error.message, [{ ...outcome, retryDelayMs: 0 }]);
  if (!(error instanceof ApplicationFailure) || (error.nonRetryable && !outcome.mayHaveCreatedBatch)) return error;
  const { message, type, nextRetryDelay, cause } = error;
  const retryDelayMs = typeof nextRetryDelay === 'number' ? nextRetryDelay : 0;
  const details: PostFailureDetails = { ...outcome, retryDelayMs };
  return ApplicationFailure.create({
    message,
    ...(type == null ? {} : { type }),
    nonRetryable: true,
    details: [details],
    ...(cause === undefined ? {} : { cause }),
  });
}

export interface FindCreatedBatchInput extends BatchToCreate {
  preexisting: PreexistingBatches;
  /** Poll until the list shows the batch, for at most `listLagMs` (60 s). If `false`, the list is read once. */
  wait: boolean;
}

/**
 * Finds the batch of this spec that was not there before; `null` without one. No other `createBatch` of this namespace creates one at the
 * same time: every `createBatch` for the same directory, job type and configuration has the same workflow id. `GET /api/v2/batches`, and
 * `GET /api/v2/batches/{id}` if the list does not say what a batch processes.
 */
export function findCreatedBatch(deps: ActivityDeps) {
  return (input: FindCreatedBatchInput): Promise<CreatedBatch | null> =>
    runAttempt('read', `batch over directory ${input.directoryId}`, async ({ ageMs, signal }) => {
      const { sinceMs, batchIds, withoutId } = input.preexisting;
      const preexisting = new Set(batchIds);
      const batches = await listBatches(deps, input, sinceMs, signal);
      const newBatches: Batch[] = [];
      const usable = batches.filter(hasId);
      for (const batch of usable) {
        if (!preexisting.has(batch.id) && (await isOfSpec(deps, batch, input, signal))) newBatches.push(batch);
      }
      const [batch] = newBatches.sort(byCreationTime);
      if (newBatches.length > 1) {
        const created = newBatches.map(({ id }) => id).join(', ');
        log.warn('More than one batch was created over this directory: the oldest is taken', { created });
      }
      if (batch !== undefined) return toCreatedBatch(batch);
      if (batches.length - usable.length > withoutId) throw toUnusableIdError();
      if (!input.wait || ageMs >= maxListLagMs(deps)) return null;
      throw toNotListed(deps, `LlamaCloud's list shows no new batch over directory ${input.directoryId} yet`, ageMs);
    });
}

export interface WaitUntilListedInput extends BatchToCreate {
  batchId: string;
}

/** Polls until LlamaCloud's list shows a batch, for at most `listLagMs` (60 s). `GET /api/v2/batches`. */
export function waitUntilListed(deps: ActivityDeps) {
  return (input: WaitUntilListedInput): Promise<void> =>
    runAttempt('read', `batch ${input.batchId}`, async ({ nowMs, ageMs, signal }) => {
      const batches = await listBatches(deps, input, nowMs - ageMs - MAX_CLOCK_SKEW_MS, signal);
      if (batches.some(({ id }) => id === input.batchId) || ageMs >= maxListLagMs(deps)) return;
      throw toNotListed(deps, `LlamaCloud's list does not show batch ${input.batchId} yet`, ageMs);
    });
}

function maxListLagMs({ listLagMs = LIST_LAG_MS }: ActivityDeps): number {
  return listLagMs;
}

/** Each poll waits as long as all the polls before it took, and 5 s at most. */
function toNotListed(deps: ActivityDeps, state: string, ageMs: number): NotReady {
  return new NotReady('BatchNotReady', state, Math.min(MAX_LIST_POLL_INTERVAL_MS, ageMs, maxListLagMs(deps) - ageMs));
}

/** Upper bound on the time between two polls of the list. */
const MAX_LIST_POLL_INTERVAL_MS = 5_000;

/** The new batch may be that of a lost response. It can't be adopted, but another POST must not create a second one. */
function toUnusableIdError(): UnexpectedResponseError {
  const problem = 'a new batch over the directory has no usable id, so nothing more is created';
  return new UnexpectedResponseError('items[].id', problem, { method: 'GET', path: '/api/v2/batches' });
}

/** Lists the batches that may be of the spec. LlamaCloud may ignore the filter, and the workflow keeps their ids in its memo. */
export async function listBatches(
  { llamacloud }: ActivityDeps,
  spec: BatchToCreate,
  sinceMs: number,
  signal: AbortSignal,
): Promise<ListedBatch[]> {
  const createdAtOnOrAfter = new Date(sinceMs);
  const batches: ListedBatch[] = [];
  const filter = { ...spec.scope, sourceDirectoryId: spec.directoryId, createdAtOnOrAfter, signal };
  for await (const batch of llamacloud.iterateBatches(filter)) {
    if (mayBeOfSpec(batch, spec)) batches.push(batch);
  }
  return batches;
}

export function hasId(batch: ListedBatch): batch is Batch {
  return batch.id !== null;
}

/** Whether nothing that is known of a batch differs from the spec. The list may not say what a batch processes. */
function mayBeOfSpec(batch: Pick<Batch, 'source_directory_id' | 'config'>, { directoryId, job }: BatchSpec): boolean {
  const { source_directory_id = directoryId, config } = batch;
  if (source_directory_id !== directoryId) return false;
  return config === undefined || (config.job.type === job.type && config.job.configuration_id === job.configurationId);
}

/** Whether a listed batch processes the work of the spec. Gets it by its id if the list does not say what it processes. */
async function isOfSpec(deps: ActivityDeps, listed: Batch, spec: BatchToCreate, signal: AbortSignal): Promise<boolean> {
  const batch = isDescribed(listed) ? listed : await getListedBatch(deps, listed.id, spec.scope, signal);
  return batch !== undefined && isDescribed(batch) && mayBeOfSpec(batch, spec);
}

function isDescribed({ source_directory_id, config }: Batch): boolean {
  return source_directory_id !== undefined && config !== undefined;
}

/**
 * Gets a batch that may be somebody else's. `undefined` if LlamaCloud rejects the request for this batch or returns no valid one: such a
 * batch must not stop a run. Other failures are thrown, since it may be the batch of a lost response.
 */
async function getListedBatch({ llamacloud }: ActivityDeps, id: string, scope: ApiScope, signal: AbortSignal) {
  try {
    return await llamacloud.getBatch(id, { ...scope, signal });
  } catch (error) {
    if (error instanceof UnexpectedResponseError || concernsOneBatch(error)) return undefined;
    throw error;
  }
}

/** Whether an error is about one batch only. 401 and 402 are about every request. 408, 425, 429 and 5xx may be over at the next attempt. */
function concernsOneBatch(error: unknown): boolean {
  if (!(error instanceof HttpStatusError) || error.status >= 500) return false;
  return ![401, 402, 408, 425, 429].includes(error.status);
}

function byCreationTime(a: Batch, b: Batch): number {
  return String(a.created_at ?? '').localeCompare(String(b.created_at ?? ''));
}

export function toCreatedBatch({ id, status }: Batch): CreatedBatch {
  return { batchId: id, status: toStatus(status) };
}
