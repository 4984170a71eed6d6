import { describe, expect, test } from 'vitest';
import { msUntilNextPoll } from '../../../src/activities/support/next-poll.js';

describe('the first poll of an activity', () => {
  const first = { isFirst: true, nowMs: 100_000 };

  test('waits for what is left of the delay since an earlier activity has polled', () => {
    expect(msUntilNextPoll(first, 98_000, 5_000)).toBe(3_000);
  });

  test('is due immediately where the delay is over, or nothing was polled', () => {
    expect(msUntilNextPoll(first, 95_000, 5_000)).toBe(0);
    expect(msUntilNextPoll(first, 10_000, 5_000)).toBe(0);
    expect(msUntilNextPoll(first, null, 1_000_000)).toBe(0);
  });
});

test('a later attempt polls immediately: Temporal has waited for it', () => {
  expect(msUntilNextPoll({ isFirst: false, nowMs: 100_000 }, 99_999, 5_000)).toBe(0);
});
