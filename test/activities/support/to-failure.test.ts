import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { NotReady } from '../../../src/activities/support/not-ready.js';
import { ResultMissing } from '../../../src/activities/support/result-missing.js';
import { type FailureContext, type Operation, toFailure } from '../../../src/activities/support/to-failure.js';
import { HttpStatusError, IncompleteDocumentError } from '../../../src/llamacloud/index.js';
import { MAX_POLL_MS, MAX_RETRY_AFTER_MS } from '../../../src/protocol/index.js';

const MINUTE = 60_000;
const REQUEST = { method: 'GET', path: '/x' };

function classify(error: unknown, context: Partial<FailureContext> = {}) {
  const base: FailureContext = {
    operation: 'read',
    what: 'batch bat-1',
    ageMs: 0,
    failingMs: () => 0,
    failures: () => 7,
    remainingMs: Number.POSITIVE_INFINITY,
  };
  return toFailure(error, { ...base, ...context });
}

const ofStatus = (status: number, retryAfterMs?: number) =>
  new HttpStatusError({ status, detail: 'reason', retryAfterMs }, REQUEST);

const OPERATIONS: Operation[] = ['open', 'create', 'read', 'cancel', 'store'];

/** Each status, its type, and the operations that retry it. The other operations fail at once. */
const STATUSES: [number, string, Operation[]][] = [
  [304, 'ServiceUnavailable', OPERATIONS],
  [400, 'RequestRejected', []],
  [401, 'NotAuthorized', ['read', 'cancel', 'store']],
  [402, 'OutOfCredits', ['read', 'cancel', 'store']],
  [403, 'NotAuthorized', ['read', 'cancel', 'store']],
  [404, 'NotFound', ['read', 'cancel', 'store']],
  [405, 'RequestRejected', []],
  [408, 'ServiceUnavailable', OPERATIONS],
  [410, 'RequestRejected', []],
  [413, 'RequestRejected', []],
  [418, 'RequestRejected', []],
  [422, 'RequestRejected', []],
  [425, 'ServiceUnavailable', OPERATIONS],
  [429, 'RateLimited', OPERATIONS],
  [500, 'ServiceUnavailable', OPERATIONS],
  [501, 'ServiceUnavailable', OPERATIONS],
  [502, 'ServiceUnavailable', OPERATIONS],
  [503, 'ServiceUnavailable', OPERATIONS],
  [504, 'ServiceUnavailable', OPERATIONS],
  [529, 'ServiceUnavailable', OPERATIONS],
  [599, 'ServiceUnavailable', OPERATIONS],
];

describe.each(OPERATIONS)('at %s', (operation) => {
  test.each(STATUSES)('%i is %s', (status, type, retriedAt) => {
    const { failure } = classify(ofStatus(status), { operation });
    expect(failure).toMatchObject({
      type,
      nonRetryable: !retriedAt.includes(operation),
      cause: { name: 'HttpStatusError' },
    });
    expect(failure.message).toContain(`batch bat-1: LlamaCloud returned ${status}: reason (GET /x)`);
    if (failure.nonRetryable) expect(failure.nextRetryDelay).toBeUndefined();
    else expect(failure.nextRetryDelay).toBeGreaterThanOrEqual(1_000);
  });

  test('409 is retried only where nothing is changed', () => {
    const isChange = operation === 'create' || operation === 'cancel';
    expect(classify(ofStatus(409), { operation }).failure).toMatchObject({
      type: isChange ? 'RequestRejected' : 'ServiceUnavailable',
      nonRetryable: isChange,
    });
  });
});

describe('a failure that is final once it has lasted', () => {
  test.each([
    [ofStatus(401), 'NotAuthorized', 15 * MINUTE],
    [ofStatus(403), 'NotAuthorized', 15 * MINUTE],
    [ofStatus(404), 'NotFound', MINUTE],
    [new ResultMissing('it is COMPLETED but has no text'), 'ResultMissing', 2 * MINUTE],
    [new IncompleteDocumentError('5 of 10 bytes', REQUEST), 'ResultMissing', 2 * MINUTE],
  ] as const)('%s is retried until %s has lasted for %i ms', (error, kind, limitMs) => {
    const failingFor = (ms: number) => classify(error, { failingMs: (asked) => (asked === kind ? ms : 0) });
    expect(failingFor(0)).toMatchObject({ timeLimited: kind, failure: { nonRetryable: false } });
    expect(failingFor(limitMs - 1).failure.nonRetryable).toBe(false);
    expect(failingFor(limitMs).failure.nonRetryable).toBe(true);
  });

  test('does not count how old the activity is', () => {
    for (const status of [401, 404])
      expect(classify(ofStatus(status), { ageMs: 7_200_000 }).failure.nonRetryable).toBe(false);
  });

  test('of a document that is not whole is an UnexpectedResponse that says what is missing', () => {
    const error = new IncompleteDocumentError('5 of 10 bytes', REQUEST);
    expect(classify(error).failure).toMatchObject({
      type: 'UnexpectedResponse',
      message: 'batch bat-1: the document is incomplete: 5 of 10 bytes (GET /x)',
    });
  });
});

describe('the delay before the next attempt', () => {
  const delay = (error: unknown, remainingMs = Number.POSITIVE_INFINITY) =>
    classify(error, { remainingMs }).failure.nextRetryDelay;

  test('is what Retry-After asks for, of 1 second to 5 minutes', () => {
    expect(delay(ofStatus(503, 11_000))).toBe(11_000);
    expect(delay(ofStatus(401, 20_000))).toBe(20_000);
    for (const asked of [86_400_000, Number.MAX_VALUE, Number.POSITIVE_INFINITY])
      expect(delay(ofStatus(429, asked))).toBe(MAX_RETRY_AFTER_MS);
    for (const asked of [0, -5_000, 10, Number.NEGATIVE_INFINITY]) expect(delay(ofStatus(429, asked))).toBe(1_000);
  });

  test.each([
    [10_000, 9_000],
    [2_500, 1_500],
    [2_000, 1_000],
    [1_500, 1_000],
    [0, 1_000],
    [-60_000, 1_000],
  ])('with %i ms left is at most %i ms', (remainingMs, expected) => {
    expect(delay(ofStatus(503, 200_000), remainingMs)).toBe(expected);
    expect(delay(new NotReady('JobNotReady', 'job pjb-1 is RUNNING', 200_000), remainingMs)).toBe(expected);
  });

  test('is never longer than the maximum of the retry policies', () => {
    expect(delay(new NotReady('BatchNotReady', 'batch bat-1 is RUNNING', 5 * MAX_POLL_MS))).toBe(MAX_POLL_MS);
  });
});

test('what is not there yet is benign, and says when it is polled again', () => {
  const { failure, timeLimited } = classify(new NotReady('JobNotReady', 'job pjb-1 is RUNNING', 200_000));
  expect(timeLimited).toBeUndefined();
  expect(failure).toMatchObject({
    type: 'JobNotReady',
    nonRetryable: false,
    category: ApplicationFailureCategory.BENIGN,
    message: 'job pjb-1 is RUNNING, next poll in 3 min',
  });
});

describe('an error that is not in the table', () => {
  test.each([
    [new TypeError('x is not a function'), 'TypeError', 'batch bat-1: x is not a function'],
    ['just text', 'Error', 'batch bat-1: just text'],
    [undefined, 'Error', 'batch bat-1: undefined'],
    [Object.assign(new Error(), { name: 7, message: { a: 1 }, stack: ['at x'] }), '7', 'batch bat-1: [object Object]'],
  ])('%s keeps its name and is retried', (error, type, message) => {
    const { failure } = classify(error);
    expect(failure).toMatchObject({ type, message, nonRetryable: false });
    expect(failure.nextRetryDelay).toBeGreaterThanOrEqual(1_000);
  });

  test('an ApplicationFailure is passed on as it is', () => {
    const own = ApplicationFailure.nonRetryable('mine', 'Mine', { some: 'detail' });
    expect(classify(own)).toEqual({ failure: own });
  });
});
