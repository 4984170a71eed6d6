/** The activities of the `createBatch` workflow: what is there, the one POST, and what may have come of it. */
import { activityInfo, Context, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type Batch, ConnectionError, HttpStatusError } from '../../llamacloud/index.js';
import { type ApiScope, type BatchWork, LIST_LAG_MS } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { NotReady } from '../support/not-ready.js';
import { runAttempt } from '../support/run-attempt.js';
import { hasForgottenOne } from './resets.js';
import { toStatus } from './wait-for-batch.js';

/** What a batch is to be created over. */
export interface BatchToCreate extends BatchWork {
  scope: ApiScope;
}

export interface CreatedBatch {
  batchId: string;
  status: string;
}

/** LlamaCloud's clock may differ from ours by that much: batches are told apart by their ids, not by their times. */
const CLOCK_SKEW_MS = 24 * 60 * 60_000;

/** What the failure of a {@link postBatch} carries. */
export interface PostFailureDetails {
  /** May there be a batch although there was no answer? */
  mayHaveTakenEffect: boolean;
  /** Wait before the next request, in milliseconds. */
  retryDelayMs: number;
  /** Has a reset taken back an earlier POST, of which the workflow then knows nothing? */
  wasReset?: boolean;
}

/** What LlamaCloud listed before the create: what the same list shows later besides is new. */
export interface ListedBatches {
  /** The list begins here, epoch milliseconds. */
  sinceMs: number;
  batchIds: string[];
}

/** The recent batches of the directory: none of them is the one to be created. `GET /api/v2/batches`. */
export function listRecentBatches(deps: ActivityDeps) {
  return (input: BatchToCreate): Promise<ListedBatches> =>
    // A run's first request: a key or an id that is wrong is not waited for.
    runAttempt('open', `directory ${input.directoryId}`, async ({ nowMs, signal }) => {
      const sinceMs = nowMs - CLOCK_SKEW_MS;
      const batches = await listBatches(deps, input, sinceMs, signal);
      return { sinceMs, batchIds: batches.map(({ id }) => id) };
    });
}

/**
 * Creates the batch: `POST /api/v2/batches`. LlamaCloud has no idempotency key, and a POST whose answer is lost may have created
 * a batch that costs money. So this is one request, by the first attempt alone, and the workflow decides about the next one.
 *
 * @throws a non-retryable failure with {@link PostFailureDetails} unless LlamaCloud rejected the request for good.
 */
export function postBatch(deps: ActivityDeps) {
  return async ({ directoryId, job, scope }: BatchToCreate): Promise<CreatedBatch> => {
    let mayHaveTakenEffect = false;
    let wasReset = false;
    try {
      return await runAttempt('create', `batch over directory ${directoryId}`, async ({ isFirst }) => {
        mayHaveTakenEffect = !isFirst;
        if (!isFirst) throw ApplicationFailure.retryable(NOT_FIRST, 'ServiceUnavailable');
        wasReset = await hasForgottenPost();
        mayHaveTakenEffect = true;
        if (wasReset) throw ApplicationFailure.retryable(NOT_FIRST, 'ServiceUnavailable');
        try {
          // Has no signal: aborting a POST does not undo it. The workflow waits for the answer, and cancels the batch then.
          return toCreated(await deps.llamacloud.createBatch({ ...scope, sourceDirectoryId: directoryId, job }));
        } catch (error) {
          mayHaveTakenEffect = !hadNoEffect(error);
          throw error;
        }
      });
    } catch (error) {
      throw withDetails(error, mayHaveTakenEffect, wasReset);
    }
  };
}

async function hasForgottenPost(): Promise<boolean> {
  const { workflowExecution, activityType } = activityInfo();
  // An activity that nobody's workflow runs has none.
  return workflowExecution !== undefined && hasForgottenOne(Context.current().client, workflowExecution, activityType);
}

const NOT_FIRST = 'An attempt before this one, of which nothing is known, may have created a batch';

/**
 * Was nothing created? A connection that was refused and a name that was not found never reached LlamaCloud, and an answer of
 * 4xx says that it was not done. Anything else says nothing: a timeout, a reset, a 5xx, a body that is cut.
 */
function hadNoEffect(error: unknown): boolean {
  if (error instanceof HttpStatusError) return error.status >= 400 && error.status < 500 && error.status !== 408;
  return error instanceof ConnectionError && /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(error.message);
}

/** A failure that is to be retried says so to the workflow, which retries it: by its own rule, not by the policy of an activity. */
function withDetails(error: unknown, mayHaveTakenEffect: boolean, wasReset: boolean): unknown {
  if (!(error instanceof ApplicationFailure) || (error.nonRetryable && !mayHaveTakenEffect)) return error;
  const { message, type, nextRetryDelay, cause } = error;
  const details: PostFailureDetails = {
    mayHaveTakenEffect,
    retryDelayMs: typeof nextRetryDelay === 'number' ? nextRetryDelay : 0,
    ...(wasReset ? { wasReset } : {}),
  };
  return ApplicationFailure.create({
    message,
    ...(type == null ? {} : { type }),
    nonRetryable: true,
    details: [details],
    ...(cause === undefined ? {} : { cause }),
  });
}

export interface FindCreatedBatchInput extends BatchToCreate {
  preexisting: ListedBatches;
  /** Wait until LlamaCloud's list would show the batch if there were one? Otherwise the list is asked once. */
  wait: boolean;
}

/**
 * The batch of this work that was not there before, or `null`. The create lock lets nobody else of this namespace create one
 * meanwhile. `GET /api/v2/batches`.
 */
export function findCreatedBatch(deps: ActivityDeps) {
  return (input: FindCreatedBatchInput): Promise<CreatedBatch | null> =>
    runAttempt('read', `batch over directory ${input.directoryId}`, async ({ ageMs, signal }) => {
      const { sinceMs, batchIds } = input.preexisting;
      const preexisting = new Set(batchIds);
      const batches = await listBatches(deps, input, sinceMs, signal);
      const newBatches: Batch[] = [];
      for (const batch of batches) {
        if (!preexisting.has(batch.id) && (await isOfWork(deps, batch, input, signal))) newBatches.push(batch);
      }
      const [batch] = newBatches.sort(byAge);
      if (newBatches.length > 1) {
        const created = newBatches.map(({ id }) => id).join(', ');
        log.warn('More than one batch was created over this directory: the oldest is taken', { created });
      }
      if (batch !== undefined) return toCreated(batch);
      const remainingMs = (deps.listLagMs ?? LIST_LAG_MS) - ageMs;
      if (!input.wait || remainingMs <= 0) return null;
      const state = `LlamaCloud's list shows no new batch over directory ${input.directoryId} yet`;
      throw new NotReady('BatchNotReady', state, Math.min(LIST_POLL_MS, ageMs, remainingMs));
    });
}

/** Upper bound on the time between two polls of the list; a batch is mostly there at once. */
const LIST_POLL_MS = 5_000;

async function listBatches(
  { llamacloud }: ActivityDeps,
  { directoryId, scope }: BatchToCreate,
  sinceMs: number,
  signal: AbortSignal,
): Promise<Batch[]> {
  const createdAtOnOrAfter = new Date(sinceMs);
  const batches: Batch[] = [];
  const filter = { ...scope, sourceDirectoryId: directoryId, createdAtOnOrAfter, signal };
  for await (const batch of llamacloud.iterateBatches(filter)) batches.push(batch);
  return batches;
}

/** A batch in the list that does not say what it works on is asked by itself: ours says so. */
async function isOfWork(deps: ActivityDeps, listed: Batch, work: BatchToCreate, signal: AbortSignal): Promise<boolean> {
  const isWhole = listed.source_directory_id !== undefined && listed.config !== undefined;
  const batch = isWhole ? listed : await getBatchIfThere(deps, listed.id, work.scope, signal);
  return (
    batch?.source_directory_id === work.directoryId &&
    batch?.config?.job.type === work.job.type &&
    batch?.config?.job.configuration_id === work.job.configurationId
  );
}

/** One that is listed and not there is not ours, or not there yet: it fails nobody's create. */
export async function getBatchIfThere({ llamacloud }: ActivityDeps, id: string, scope: ApiScope, signal: AbortSignal) {
  try {
    return await llamacloud.getBatch(id, { ...scope, signal });
  } catch (error) {
    if (error instanceof HttpStatusError && error.status === 404) return undefined;
    throw error;
  }
}

function byAge(a: Batch, b: Batch): number {
  return String(a.created_at ?? '').localeCompare(String(b.created_at ?? ''));
}

function toCreated({ id, status }: Batch): CreatedBatch {
  return { batchId: id, status: toStatus(status) };
}
