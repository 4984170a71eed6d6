import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { ConnectionError, HttpStatusError, UnexpectedResponseError } from '../llamacloud/index.js';
import { OutputError } from '../outputs/index.js';
import {
  type FailureType,
  KEY_ROTATION_MS,
  LONGEST_RETRY_AFTER_MS,
  READ_AFTER_CREATE_MS,
  type ResolvedPoll,
  ruleOf,
  SHORTEST_DELAY_MS,
} from '../protocol/index.js';
import { NotReady } from './not-ready.js';
import { pollDelayMs, sayDelay } from './poll.js';
import { ResultMissing } from './result-missing.js';

/**
 * What was being done. The table treats a `create`, which costs money, unlike a `read`; `open` is the first request of all,
 * before there is anything to lose, and `adopt` the first of a batch that others have made.
 */
export type Operation = 'open' | 'create' | 'adopt' | 'read' | 'cancel' | 'store';

export interface FailureContext {
  operation: Operation;
  /** For the message, such as `batch bat-...`. */
  what: string;
  /** Milliseconds since the activity was first scheduled. */
  ageMs: number;
  /** Milliseconds since the key was first rejected. */
  unauthorizedMs: number;
  /** Milliseconds since a job was first seen to be COMPLETED without its result. */
  missingMs: number;
  /** Milliseconds until the activity's deadline. */
  leftMs: number;
}

/** LlamaCloud's 429 comes without `Retry-After`; a few seconds, spread out, let the limit recover. */
const RATE_LIMIT_DELAY_MS = { least: 5_000, spread: 5_000 };

/**
 * Of a service that is down: 2 s, growing by half each time, at most a minute. By the activity's age and not by its number of
 * attempts, since waiting for something to be ready is made of attempts as well.
 */
const BACKOFF: ResolvedPoll = { initialMs: 2_000, coefficient: 1.5, maximumMs: 60_000 };

/** A POST that timed out may take effect yet, and is looked for before the next: not before it had the time. */
export const UNDECIDED_DELAY_MS = 15_000;

/** A result may lag behind its status; after this it is not coming. */
const RESULT_LAG_MS = 120_000;

/** A rotated key takes a person or a rollout: no need to ask every second. */
const UNAUTHORIZED_DELAY_MS = 15_000;

/** Turns an error into a failure of the table; `undefined` where it is none of ours, which Temporal then handles. */
export function toFailure(error: unknown, context: FailureContext): ApplicationFailure | undefined {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof NotReady) return waiting(error, context);
  const type = typeOf(error, context.operation);
  if (type === undefined || !(error instanceof Error)) return undefined;
  const { advice } = ruleOf(type);
  // A failure that is tried again is on show in the UI meanwhile: what a person can do about it is not left for the end.
  const message = `${context.what}: ${error.message}${advice === null ? '' : `. ${advice}`}`;
  if (!isRetried(type, error, context))
    return ApplicationFailure.create({ type, message, nonRetryable: true, cause: error });
  const nextRetryDelay = withinDeadline(delayMs(type, error, context), context);
  return ApplicationFailure.create({ type, message, nextRetryDelay, cause: error });
}

/** Benign: no error logs, no failure metrics; and it reads as waiting in the UI. */
function waiting({ type, message, delayMs }: NotReady, context: FailureContext): ApplicationFailure {
  const delay = withinDeadline(delayMs, context);
  return ApplicationFailure.create({
    type,
    message: `${message}, next look in ${sayDelay(delay)}`,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: delay,
  });
}

/** Temporal fails an activity at once whose next attempt would come after its deadline: look once more before it. */
function withinDeadline(delay: number, { leftMs }: FailureContext): number {
  return Math.max(SHORTEST_DELAY_MS, Math.round(Math.min(delay, leftMs - SHORTEST_DELAY_MS)));
}

function typeOf(error: unknown, operation: Operation): FailureType | undefined {
  if (error instanceof HttpStatusError) return typeOfStatus(error.status, operation);
  if (error instanceof ConnectionError) return 'ServiceUnavailable';
  if (error instanceof UnexpectedResponseError || error instanceof ResultMissing) return 'UnexpectedResponse';
  if (error instanceof OutputError) return 'OutputFailed';
  return undefined;
}

function typeOfStatus(status: number, operation: Operation): FailureType {
  switch (status) {
    case 401:
    case 403:
      return 'NotAuthorized';
    case 402:
      return 'OutOfCredits';
    case 404:
      return 'NotFound';
    case 408:
    case 425:
      return 'ServiceUnavailable';
    case 409:
      return operation === 'create' || operation === 'cancel' ? 'RequestRejected' : 'ServiceUnavailable';
    case 429:
      return 'RateLimited';
    default:
      return status >= 500 ? 'ServiceUnavailable' : 'RequestRejected';
  }
}

function isRetried(type: FailureType, error: Error, context: FailureContext): boolean {
  const { operation, ageMs, unauthorizedMs, missingMs } = context;
  if (error instanceof ResultMissing) return missingMs < RESULT_LAG_MS;
  const isFirst = operation === 'open' || operation === 'create';
  switch (ruleOf(type).retried) {
    case 'yes':
      return true;
    case 'no':
      return false;
    case 'reads':
      return !isFirst;
    case 'reads for 15 minutes':
      return !isFirst && unauthorizedMs < KEY_ROTATION_MS;
    case 'young':
      return !isFirst && operation !== 'adopt' && ageMs < READ_AFTER_CREATE_MS;
  }
}

function delayMs(type: FailureType, error: Error, { ageMs, operation }: FailureContext): number {
  const asked = error instanceof HttpStatusError ? error.retryAfterMs : undefined;
  if (asked !== undefined) return Math.min(LONGEST_RETRY_AFTER_MS, asked);
  if (type === 'RateLimited') return RATE_LIMIT_DELAY_MS.least + Math.round(RATE_LIMIT_DELAY_MS.spread * Math.random());
  if (type === 'NotAuthorized') return UNAUTHORIZED_DELAY_MS;
  const backoff = pollDelayMs(BACKOFF, ageMs);
  return operation === 'create' && isUndecided(error) ? Math.max(UNDECIDED_DELAY_MS, backoff) : backoff;
}

/**
 * May the request still take effect, or have taken it? A refused connection and a name that is not found never reached
 * LlamaCloud, and 425 and 429 say that nothing was done.
 */
function isUndecided(error: Error): boolean {
  if (error instanceof HttpStatusError) return error.status !== 425 && error.status !== 429;
  if (!(error instanceof ConnectionError)) return true;
  return !/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(error.message);
}
