import { describe, expect, test } from 'vitest';
import { formatDuration, formatTime, renderNextPoll, renderTimeLeft } from '../../../src/workflows/shared/times.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const NOW = Date.UTC(2026, 10, 28, 9, 24, 12, 999);

test('a time is one of the clock, in UTC', () => {
  expect(formatTime(NOW)).toBe('2026-11-28 09:24:12 UTC');
});

test.each([
  [0, '0 s'],
  [1, '1 s'],
  [119_000, '119 s'],
  [120_000, '2 min'],
  [119 * 60 * SECOND, '119 min'],
  [2 * HOUR, '2 h'],
  [47 * HOUR, '47 h'],
  [7 * 24 * HOUR, '7 d'],
])('a duration of %d ms is %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('the next poll comes at most after the longest wait, which is the first one where waits do not grow', () => {
  const poll = { initialInterval: 5 * SECOND, latencyRatio: 0.1, maximumInterval: 600 * SECOND };
  expect(renderNextPoll(poll, 'waitForBatch')).toMatch(/^at most 10 min after the last one\. .*`waitForBatch`/);
  expect(renderNextPoll({ ...poll, latencyRatio: 0 }, 'waitForBatch')).toMatch(/^at most 5 s after the last one\. /);
});

describe('the time left', () => {
  const counts = (completed: number, total: number) => ({ total, completed, failed: 0, cancelled: 0, skipped: 0 });

  test('is what the rest takes at the rate since the beginning', () => {
    expect(renderTimeLeft(counts(25, 100), NOW - HOUR, NOW)).toBe('about 3 h, until 2026-11-28 12:24:12 UTC');
    expect(renderTimeLeft({ ...counts(5, 100), failed: 20 }, NOW - HOUR, NOW)).toMatch(/^about 3 h/);
  });

  test('is nothing where all have ended', () => {
    expect(renderTimeLeft(counts(100, 100), NOW - HOUR, NOW)).toMatch(/^about 0 s/);
  });

  test.each([
    ['none has ended', counts(0, 100), NOW - HOUR],
    ['all that have ended failed', { ...counts(0, 100), failed: 50 }, NOW - HOUR],
    ['fewer than 5 % have completed', counts(4, 100), NOW - HOUR],
    ['no time has passed', counts(50, 100), NOW],
  ])('is not known where %s', (_, files, sinceMs) => {
    expect(renderTimeLeft(files, sinceMs, NOW)).toBe('not known yet');
  });
});
