/** The activities of the `createBatch` workflow: list what is there, send the POST, find the batch of a POST without a response. */
import { activityInfo, Context, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type Batch, ConnectionError, HttpStatusError, UnexpectedResponseError } from '../../llamacloud/index.js';
import { type ApiScope, type BatchSpec, type CreatedBatch, LIST_LAG_MS } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { NotReady } from '../support/not-ready.js';
import { runAttempt } from '../support/run-attempt.js';
import { toStatus } from '../support/status.js';
import { wasDiscardedByReset } from './reset-history.js';

export interface BatchToCreate extends BatchSpec {
  scope: ApiScope;
}

/** What the failure of {@link postBatch} carries. */
export interface PostFailureDetails {
  /** Whether there may be a batch although no response gave its id. */
  mayHaveCreatedBatch: boolean;
  /** Wait before the next request, in milliseconds. */
  retryDelayMs: number;
  /** Whether a reset of the workflow discarded an earlier POST. Then nothing was sent. */
  wasReset?: boolean;
}

/** The batches of the directory that were there before the first POST. Any other batch is new. */
export interface PreexistingBatches {
  /** Only batches created since then are listed, epoch milliseconds. */
  sinceMs: number;
  batchIds: string[];
}

/** Upper bound on the difference between LlamaCloud's clock and the Temporal server's. */
const CLOCK_SKEW_MS = 24 * 60 * 60_000;

/** Lists the recent batches of the directory. `GET /api/v2/batches`. */
export function listRecentBatches(deps: ActivityDeps) {
  return (input: BatchToCreate): Promise<PreexistingBatches> =>
    // A run's first request: a wrong key or id fails it at once.
    runAttempt('open', `directory ${input.directoryId}`, async ({ nowMs, signal }) => {
      const sinceMs = nowMs - CLOCK_SKEW_MS;
      const batches = await listBatches(deps, input, sinceMs, signal);
      return { sinceMs, batchIds: batches.map(({ id }) => id) };
    });
}

/**
 * Creates the batch by one request: `POST /api/v2/batches`. LlamaCloud has no idempotency key, and a POST whose response is lost may
 * have created a batch that costs money. So it is never retried here: the workflow decides about the next POST.
 *
 * @throws a non-retryable failure, with {@link PostFailureDetails} unless LlamaCloud rejected the request for good.
 */
export function postBatch(deps: ActivityDeps) {
  return async ({ directoryId, job, scope }: BatchToCreate): Promise<CreatedBatch> => {
    let mayHaveCreatedBatch = false;
    let wasReset = false;
    try {
      return await runAttempt('create', `batch over directory ${directoryId}`, async ({ isFirst }) => {
        mayHaveCreatedBatch = !isFirst;
        if (!isFirst) throw ApplicationFailure.retryable(EARLIER_POST, 'ServiceUnavailable');
        wasReset = await wasPostDiscarded();
        mayHaveCreatedBatch = true;
        if (wasReset) throw ApplicationFailure.retryable(EARLIER_POST, 'ServiceUnavailable');
        try {
          // Without a signal: aborting a POST does not undo it. The workflow waits for the response, and cancels the batch then.
          return toCreatedBatch(await deps.llamacloud.createBatch({ ...scope, sourceDirectoryId: directoryId, job }));
        } catch (error) {
          mayHaveCreatedBatch = !isKnownNotCreated(error);
          throw error;
        }
      });
    } catch (error) {
      throw withPostDetails(error, mayHaveCreatedBatch, wasReset);
    }
  };
}

async function wasPostDiscarded(): Promise<boolean> {
  const { workflowExecution, activityType } = activityInfo();
  // A standalone activity has no workflow.
  if (workflowExecution === undefined) return false;
  return wasDiscardedByReset(Context.current().client, workflowExecution, activityType);
}

const EARLIER_POST = 'An earlier POST, whose outcome is not known, may have created a batch';

/**
 * Whether an error shows that nothing was created: the request did not reach LlamaCloud, or LlamaCloud rejected it with a 4xx. A
 * timeout, a reset connection, a 5xx and a body that is cut leave it open.
 */
function isKnownNotCreated(error: unknown): boolean {
  if (error instanceof HttpStatusError) return error.status >= 400 && error.status < 500 && error.status !== 408;
  return error instanceof ConnectionError && /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(error.message);
}

/** Adds what the workflow needs to know before the next POST. A rejection for good stays as it is. */
function withPostDetails(error: unknown, mayHaveCreatedBatch: boolean, wasReset: boolean): unknown {
  if (!(error instanceof ApplicationFailure) || (error.nonRetryable && !mayHaveCreatedBatch)) return error;
  const { message, type, nextRetryDelay, cause } = error;
  const details: PostFailureDetails = {
    mayHaveCreatedBatch,
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
  preexisting: PreexistingBatches;
  /** Whether to wait until LlamaCloud's list would show the batch if there were one. Otherwise the list is read once. */
  wait: boolean;
}

/**
 * Finds the batch of this spec that was not there before; `null` without one. Nobody else of this namespace creates one meanwhile:
 * the workflow has the create lock. `GET /api/v2/batches`.
 */
export function findCreatedBatch(deps: ActivityDeps) {
  return (input: FindCreatedBatchInput): Promise<CreatedBatch | null> =>
    runAttempt('read', `batch over directory ${input.directoryId}`, async ({ ageMs, signal }) => {
      const { sinceMs, batchIds } = input.preexisting;
      const preexisting = new Set(batchIds);
      const batches = await listBatches(deps, input, sinceMs, signal);
      const newBatches: Batch[] = [];
      for (const batch of batches) {
        if (!preexisting.has(batch.id) && (await matchesSpec(deps, batch, input, signal))) newBatches.push(batch);
      }
      const [batch] = newBatches.sort(byCreationTime);
      if (newBatches.length > 1) {
        const created = newBatches.map(({ id }) => id).join(', ');
        log.warn('More than one batch was created over this directory: the oldest is taken', { created });
      }
      if (batch !== undefined) return toCreatedBatch(batch);
      const remainingMs = (deps.listLagMs ?? LIST_LAG_MS) - ageMs;
      if (!input.wait || remainingMs <= 0) return null;
      const state = `LlamaCloud's list shows no new batch over directory ${input.directoryId} yet`;
      throw new NotReady('BatchNotReady', state, Math.min(MAX_LIST_POLL_MS, ageMs, remainingMs));
    });
}

/** Upper bound on the time between two polls of the list. Mostly the first one shows the batch. */
const MAX_LIST_POLL_MS = 5_000;

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

/** Gets a batch by itself where the list does not say what it processes. */
async function matchesSpec(
  deps: ActivityDeps,
  listed: Batch,
  spec: BatchToCreate,
  signal: AbortSignal,
): Promise<boolean> {
  const isComplete = listed.source_directory_id !== undefined && listed.config !== undefined;
  const batch = isComplete ? listed : await readNeighbor(deps, listed.id, spec.scope, signal);
  return (
    batch?.source_directory_id === spec.directoryId &&
    batch?.config?.job.type === spec.job.type &&
    batch?.config?.job.configuration_id === spec.job.configurationId
  );
}

/** `undefined` if LlamaCloud rejects the request or returns no valid batch. One of somebody else, even a broken one, must not stop a run. */
async function readNeighbor({ llamacloud }: ActivityDeps, id: string, scope: ApiScope, signal: AbortSignal) {
  try {
    return await llamacloud.getBatch(id, { ...scope, signal });
  } catch (error) {
    if (error instanceof UnexpectedResponseError || isRejected(error)) return undefined;
    throw error;
  }
}

/** Whether LlamaCloud rejects a request for this batch only. A wrong key and a lack of credits concern all requests, and others pass. */
function isRejected(error: unknown): boolean {
  if (!(error instanceof HttpStatusError) || error.status >= 500) return false;
  return ![401, 402, 408, 425, 429].includes(error.status);
}

/** `undefined` on a 404: the batch is not readable yet, or not in this scope. */
export async function findBatch({ llamacloud }: ActivityDeps, id: string, scope: ApiScope, signal: AbortSignal) {
  try {
    return await llamacloud.getBatch(id, { ...scope, signal });
  } catch (error) {
    if (error instanceof HttpStatusError && error.status === 404) return undefined;
    throw error;
  }
}

function byCreationTime(a: Batch, b: Batch): number {
  return String(a.created_at ?? '').localeCompare(String(b.created_at ?? ''));
}

export function toCreatedBatch({ id, status }: Batch): CreatedBatch {
  return { batchId: id, status: toStatus(status) };
}
