import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import {
  ConnectionError,
  HttpStatusError,
  IncompleteDocumentError,
  UnexpectedResponseError,
} from '../../llamacloud/index.js';
import { OutputError } from '../../outputs/index.js';
import {
  cleanText,
  type FailureType,
  failureRule,
  KEY_ROTATION_MS,
  MAX_POLL_MS,
  MAX_RETRY_AFTER_MS,
  MIN_DELAY_MS,
  NOT_FOUND_GRACE_MS,
  type ResolvedPoll,
  readStackFrames,
} from '../../protocol/index.js';
import { SourceError } from '../../sources/index.js';
import { AccountPaused } from '../account/account-paused.js';
import { NotReady } from './not-ready.js';
import { formatDelay, pollDelayMs } from './poll-delay.js';
import { ResultMissing } from './result-missing.js';

/**
 * What the request was for. After `open` (the first request of a run) and `create`, 401, 402, 403 and 404 are final: nothing is lost. After a
 * `read` they are retried for some time.
 */
export type Operation = 'open' | 'create' | 'read' | 'cancel' | 'store';

/** Failures that are retried for some time from when they were first seen. */
export type TimeLimitedFailure = 'NotAuthorized' | 'NotFound' | 'ResultMissing';

export interface FailureContext {
  operation: Operation;
  /** For the message, such as `batch bat-...`. */
  what: string;
  /** Milliseconds since the activity was first scheduled. */
  ageMs: number;
  /** Milliseconds since the first failure of this kind. A response of another kind starts it again at 0, an outage does not. */
  failingMs: (kind: TimeLimitedFailure) => number;
  /** Number of earlier attempts in a row that have failed like this. An outage between them does not count. */
  failures: (kind: TimeLimitedFailure) => number;
  /** Milliseconds until the activity's deadline. */
  remainingMs: number;
}

interface ClassifiedFailure {
  failure: ApplicationFailure;
  /** Set if the failure is retried for some time. */
  timeLimited?: TimeLimitedFailure;
}

/** After a 429 without `Retry-After`: 5 to 10 s, at random, so that the rate limit recovers. */
const RATE_LIMIT_DELAY_MS = { min: 5_000, spread: 5_000 };

/**
 * For a service that is down: 2 s at first, growing by half each time, at most a minute. It depends on the activity's age and not on
 * the number of attempts, since each poll is an attempt as well.
 */
const BACKOFF: ResolvedPoll = { initialInterval: 2_000, latencyRatio: 0.5, maximumInterval: 60_000 };

/** How long a result may lag behind the status of its job, and how long an incomplete download is retried with a new URL. */
const RESULT_LAG_MS = 120_000;

/** How many attempts that takes at least: while LlamaCloud or Temporal is down, two minutes pass with hardly one. */
const MIN_RESULT_ATTEMPTS = 8;

/** Replacing a key takes minutes. */
const UNAUTHORIZED_DELAY_MS = 15_000;

/**
 * Temporal keeps 4,096 bytes of a failure that is being retried, its cause and their stacks included, and shows nothing of one
 * that is larger. These parts and the advice are at most 3,000 bytes together.
 */
const MAX_REASON_BYTES = 600;
/** A reason with its advice, and the times. */
const MAX_PAUSE_BYTES = 1_200;
const MAX_ERROR_NAME_BYTES = 100;
const MAX_FRAMES = 3;
const MAX_FRAME_BYTES = 200;

/** Turns an error into one of the failure types in FAILURES. Any other error keeps its name as type, and is retried. */
export function toFailure(error: unknown, context: FailureContext): ClassifiedFailure {
  if (error instanceof ApplicationFailure) return { failure: error };
  if (error instanceof AccountPaused) return { failure: toPausedFailure(error, context) };
  if (error instanceof NotReady) return { failure: toBenignFailure(error, context) };
  const type = toFailureType(error, context.operation);
  const cause = error instanceof Error ? toConciseCause(error) : undefined;
  const reason = cleanText(String(error instanceof Error ? error.message : error), MAX_REASON_BYTES);
  const advice = type === undefined ? null : failureRule(type).advice;
  // In the failure of every attempt, since the UI shows it while it is retried.
  const message = `${cleanText(context.what)}: ${reason}${advice === null ? '' : `. ${advice}`}`;
  const timeLimited = toTimeLimitedFailure(type, error);
  const nonRetryable = type !== undefined && !isRetried(type, timeLimited, context);
  const failure = conciseFailure({
    type: type ?? cause?.name ?? 'Error',
    message,
    nonRetryable,
    ...(nonRetryable ? {} : { nextRetryDelay: beforeDeadline(retryDelayMs(type, error, context), context) }),
    ...(cause === undefined ? {} : { cause }),
    // A workflow can't tell 403, which is about one directory or batch, from 401.
    ...(error instanceof HttpStatusError ? { details: [{ httpStatus: error.status }] } : {}),
  });
  return timeLimited === undefined ? { failure } : { failure, timeLimited };
}

/** Benign: no error logs and no failure metrics. The UI shows the message. */
function toBenignFailure({ type, message, delayMs }: NotReady, context: FailureContext): ApplicationFailure {
  const delay = beforeDeadline(delayMs, context);
  return conciseFailure({
    type,
    message: `${cleanText(message)}, next poll in ${formatDelay(delay)}`,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: delay,
  });
}

/** Benign: the gate has logged it once. All attempts of all runs have this failure meanwhile. */
function toPausedFailure(error: AccountPaused, context: FailureContext): ApplicationFailure {
  return conciseFailure({
    type: 'AccountPaused',
    message: `${cleanText(context.what)}: ${cleanText(error.message, MAX_PAUSE_BYTES)}`,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: beforeDeadline(error.delayMs, context),
  });
}

function conciseFailure(options: Parameters<typeof ApplicationFailure.create>[0]): ApplicationFailure {
  return trimStack(ApplicationFailure.create(options));
}

/** Copies the name, the message and the first stack frames of an error. */
function toConciseCause(error: Error): Error {
  const cause = new Error(cleanText(String(error.message)));
  cause.name = cleanText(String(error.name), MAX_ERROR_NAME_BYTES);
  cause.stack = String(error.stack ?? '');
  return trimStack(cause);
}

function trimStack<T extends Error>(error: T): T {
  const lines = readStackFrames(error, MAX_FRAMES).map((frame) => `    ${cleanText(frame, MAX_FRAME_BYTES)}`);
  error.stack = [error.name, ...lines].join('\n');
  return error;
}

/**
 * Shortens a delay so that one more attempt starts before the deadline: Temporal fails an activity at once if its next attempt
 * would start later. The retry policies of the workflows would cut a delay of more than an hour.
 */
function beforeDeadline(delay: number, { remainingMs }: FailureContext): number {
  return Math.max(MIN_DELAY_MS, Math.round(Math.min(delay, remainingMs - MIN_DELAY_MS, MAX_POLL_MS)));
}

function toFailureType(error: unknown, operation: Operation): FailureType | undefined {
  if (error instanceof HttpStatusError) return toTypeOfStatus(error.status, operation);
  if (error instanceof ConnectionError) return 'ServiceUnavailable';
  if (error instanceof UnexpectedResponseError || isResultMissing(error)) return 'UnexpectedResponse';
  if (error instanceof OutputError) return 'OutputFailed';
  if (error instanceof SourceError) return 'SourceFailed';
  return undefined;
}

function isResultMissing(error: unknown): boolean {
  return error instanceof ResultMissing || error instanceof IncompleteDocumentError;
}

function toTypeOfStatus(status: number, operation: Operation): FailureType {
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
      // A redirect without a target, or a 304, says nothing about the request.
      return status >= 400 && status < 500 ? 'RequestRejected' : 'ServiceUnavailable';
  }
}

/** Whether LlamaCloud rejects the request, and would reject it again. */
export function isRejected(error: unknown, operation: Operation): boolean {
  if (!(error instanceof HttpStatusError)) return false;
  const type = toTypeOfStatus(error.status, operation);
  return type === 'RequestRejected' || type === 'NotFound';
}

function toTimeLimitedFailure(type: FailureType | undefined, error: unknown): TimeLimitedFailure | undefined {
  if (isResultMissing(error)) return 'ResultMissing';
  return type === 'NotAuthorized' || type === 'NotFound' ? type : undefined;
}

function isRetried(type: FailureType, timeLimited: TimeLimitedFailure | undefined, context: FailureContext): boolean {
  const { operation, failingMs, failures } = context;
  if (timeLimited === 'ResultMissing')
    return failingMs('ResultMissing') < RESULT_LAG_MS || failures('ResultMissing') + 1 < MIN_RESULT_ATTEMPTS;
  const isFirstRequest = operation === 'open' || operation === 'create';
  switch (failureRule(type).retried) {
    case 'yes':
      return true;
    case 'no':
      return false;
    case 'except-first-request':
      return !isFirstRequest;
    case 'for-15-minutes':
      return !isFirstRequest && failingMs('NotAuthorized') < KEY_ROTATION_MS;
    case 'for-1-minute':
      return !isFirstRequest && failingMs('NotFound') < NOT_FOUND_GRACE_MS;
  }
}

function retryDelayMs(type: FailureType | undefined, error: unknown, { ageMs }: FailureContext): number {
  const asked = error instanceof HttpStatusError ? error.retryAfterMs : undefined;
  if (asked !== undefined) return Math.min(MAX_RETRY_AFTER_MS, asked);
  if (type === 'RateLimited') return RATE_LIMIT_DELAY_MS.min + Math.round(RATE_LIMIT_DELAY_MS.spread * Math.random());
  if (type === 'NotAuthorized') return UNAUTHORIZED_DELAY_MS;
  return pollDelayMs(BACKOFF, ageMs);
}
