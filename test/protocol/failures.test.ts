import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { FAILURES, failureRule, isFailure, rootFailure } from '../../src/protocol/index.js';

const failure = ApplicationFailure.nonRetryable('no credits', 'OutOfCredits', { some: 'detail' });
const wrapped = new ActivityFailure('failed', 'createBatch', 'id', RetryState.NON_RETRYABLE_FAILURE, 'worker', failure);

describe('failures are told apart by their type, however deep', () => {
  test('as they are thrown, and wrapped by Temporal', () => {
    expect(isFailure(failure, 'OutOfCredits')).toBe(true);
    expect(isFailure(wrapped, 'OutOfCredits')).toBe(true);
    expect(isFailure(new Error('outer', { cause: wrapped }), 'OutOfCredits')).toBe(true);
    expect(isFailure(wrapped, 'NotFound')).toBe(false);
  });

  test('by the outermost of several', () => {
    const outer = ApplicationFailure.create({ type: 'JobTimedOut', message: 'too long', cause: wrapped });
    expect(rootFailure(outer)).toEqual({ type: 'JobTimedOut', message: 'too long' });
  });

  test.each([undefined, null, 'OutOfCredits', { type: 'OutOfCredits' }, new Error('OutOfCredits')])(
    '%j has none',
    (value) => {
      expect(isFailure(value, 'OutOfCredits')).toBe(false);
    },
  );

  test.each([
    [null, { type: 'Error', message: 'null' }],
    ['text', { type: 'Error', message: 'text' }],
    [new TypeError('a bug'), { type: 'TypeError', message: 'a bug' }],
    [new Error('outer', { cause: 'text' }), { type: 'Error', message: 'outer' }],
    [ApplicationFailure.create({ message: 'no type' }), { type: 'ApplicationFailure', message: 'no type' }],
  ])('%s has a type and a message', (value, summary) => {
    expect(rootFailure(value)).toEqual(summary);
  });

  test('without one, by what is at the bottom', () => {
    const timeout = new TimeoutFailure('late', undefined, 'SCHEDULE_TO_CLOSE');
    expect(rootFailure(new Error('outer', { cause: timeout }))).toEqual({ type: 'TimeoutFailure', message: 'late' });
  });
});

test('what a person can do is said in whole sentences', () => {
  for (const type of Object.keys(FAILURES)) {
    const { advice } = failureRule(known(type));
    if (advice !== null) expect(advice).toMatch(/^[A-Z].*\.$/);
  }
});

test('what ends a run is never tried again', () => {
  const ENDS = [
    'InvalidInput',
    'RequestRejected',
    'CreateOutcomeUnknown',
    'BatchFailed',
    'BatchCancelled',
    'BatchTimedOut',
    'TooManyFailedFiles',
  ];
  for (const type of [...ENDS, 'JobFailed', 'JobCancelled', 'JobTimedOut', 'FileNotMapped', 'Skipped']) {
    expect(failureRule(known(type)).retried).toBe('no');
  }
});

function known(type: string): keyof typeof FAILURES {
  if (isKnown(type)) return type;
  throw new Error(`${type} is not in the table`);
}

function isKnown(type: string): type is keyof typeof FAILURES {
  return type in FAILURES;
}
