/** How the batch of a lost response is told from those of others: which batches are there before a POST, and which are new after it. */
import { log } from '@temporalio/activity';
import { type Batch, HttpStatusError, UnexpectedResponseError } from '../../llamacloud/index.js';
import { type ApiScope, type CreatedBatch, LIST_LAG_MS } from '../../protocol/index.js';
import { AccountGate } from '../account/account-gate.js';
import type { ActivityDeps } from '../deps.js';
import { NotReady, type NotReadyType } from '../support/not-ready.js';
import { runAttempt } from '../support/run-attempt.js';
import type { Operation } from '../support/to-failure.js';
import { type BatchToCreate, hasId, listBatches, mayBeOfSpec, toCreatedBatch } from './list-batches.js';

/** The batches that were there before the first POST, and that may be of this spec. Any other batch is new. */
export interface PreexistingBatches {
  /** Only batches created since then are listed, epoch milliseconds. */
  sinceMs: number;
  batchIds: string[];
  /** Batches whose id is not usable. */
  withoutId: number;
  /** In the memo: `CreateState.lostPosts`, for a `createBatch` after a reset. */
  lostPosts?: number;
}

/** Upper bound on the difference between LlamaCloud's clock and the Temporal server's. The list starts that much before now. */
const MAX_CLOCK_SKEW_MS = 24 * 60 * 60_000;

/** Lists the batches of the last 24 hours that may be of this spec. `GET /api/v2/batches`. */
export function listRecentBatches(deps: ActivityDeps, gate = new AccountGate()) {
  return (input: BatchToCreate): Promise<PreexistingBatches> =>
    // The first request of a run whose failure counts: `openBatch` only counts the files, and ignores failures. With 'open', a wrong key
    // or id fails the run at once.
    runAttempt('open', `directory ${input.directoryId}`, async ({ nowMs, signal }) => {
      // First: the list has to be as it is when the POST is sent.
      gate.assertOpen('create');
      const sinceMs = nowMs - MAX_CLOCK_SKEW_MS;
      const batches = await listBatches(deps, input, sinceMs, signal);
      const batchIds = batches.filter(hasId).map(({ id }) => id);
      return { sinceMs, batchIds, withoutId: batches.length - batchIds.length };
    });
}

export interface FindCreatedBatchInput extends BatchToCreate {
  preexisting: PreexistingBatches;
  /** Poll until the list shows the batch, for at most `listLagMs` (60 s). If `false`, the list is read once. */
  wait: boolean;
  /** Whether the batch is looked for to be cancelled. No POST follows, and a pause of the account does not hold it up. */
  isStopping?: boolean;
}

/**
 * Finds the batch of this spec that was not there before; `null` without one. No other `createBatch` of this namespace creates one at the
 * same time: every `createBatch` for the same directory, job type and configuration has the same workflow id. `GET /api/v2/batches`, and
 * `GET /api/v2/batches/{id}` if the list does not say what a batch processes.
 */
export function findCreatedBatch(deps: ActivityDeps, gate = new AccountGate()) {
  return (input: FindCreatedBatchInput): Promise<CreatedBatch | null> =>
    runAttempt(toOperation(input), `batch over directory ${input.directoryId}`, async ({ ageMs, signal }) => {
      // With `wait`, a POST may have created a batch: it is looked for in any case.
      if (!input.wait) gate.assertOpen('create');
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
  /** As in {@link FindCreatedBatchInput}. */
  isStopping?: boolean;
}

/** Polls until LlamaCloud's list shows a batch, for at most `listLagMs` (60 s). `GET /api/v2/batches`. */
export function waitUntilListed(deps: ActivityDeps) {
  return (input: WaitUntilListedInput): Promise<void> =>
    runAttempt(toOperation(input), `batch ${input.batchId}`, async ({ nowMs, ageMs, signal }) => {
      const batches = await listBatches(deps, input, nowMs - ageMs - MAX_CLOCK_SKEW_MS, signal);
      if (batches.some(({ id }) => id === input.batchId) || ageMs >= maxListLagMs(deps)) return;
      throw toNotListed(deps, `LlamaCloud's list does not show batch ${input.batchId} yet`, ageMs);
    });
}

/** The attempts of a stop are made even while the account is paused. */
export function toOperation({ isStopping = false }: { isStopping?: boolean }): Operation {
  return isStopping ? 'cancel' : 'read';
}

export function maxListLagMs({ listLagMs = LIST_LAG_MS }: ActivityDeps): number {
  return listLagMs;
}

/** Each poll waits as long as all the polls before it took, and 5 s at most. */
export function toNotListed(
  deps: ActivityDeps,
  state: string,
  ageMs: number,
  type: NotReadyType = 'BatchNotReady',
): NotReady {
  return new NotReady(type, state, Math.min(MAX_LIST_POLL_INTERVAL_MS, ageMs, maxListLagMs(deps) - ageMs));
}

/** Upper bound on the time between two polls of the list. */
const MAX_LIST_POLL_INTERVAL_MS = 5_000;

/** The new batch may be that of a lost response. It can't be adopted, but another POST must not create a second one. */
function toUnusableIdError(): UnexpectedResponseError {
  const problem = 'a new batch over the directory has no usable id, so nothing more is created';
  return new UnexpectedResponseError('items[].id', problem, { method: 'GET', path: '/api/v2/batches' });
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
