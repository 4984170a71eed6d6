import { describe, expect, test } from 'vitest';
import { formatDelay, pollDelayMs } from '../../../src/activities/support/poll-delay.js';
import { DEFAULT_POLL, MIN_DELAY_MS } from '../../../src/protocol/index.js';

const HOUR = 3_600_000;

/** When the polls of a wait come, in milliseconds from its beginning. */
function pollTimes(untilMs: number, random: () => number, poll = DEFAULT_POLL): number[] {
  const times = [];
  for (let at = 0; at < untilMs; at += pollDelayMs(poll, at, random)) times.push(at);
  return times;
}

describe.each([
  ['no chance', () => 0],
  ['all the chance there is', () => 0.999_999],
  ['any chance', Math.random],
])('waiting with the defaults and %s', (_, random) => {
  test('costs fewer than 100 requests an hour', () => {
    expect(pollTimes(HOUR, random).length).toBeLessThan(100);
    const second = pollTimes(2 * HOUR, random).length - pollTimes(HOUR, random).length;
    expect(second).toBeLessThan(70);
  });

  test('a change is seen within 10 % of the time waited from 10 s on, and within a minute', () => {
    const times = pollTimes(HOUR, random);
    for (const [index, at] of times.entries()) {
      const next = times[index + 1] ?? at;
      // Of all changes between two polls the first is seen the latest.
      const changed = Math.max(at, 10_000);
      // A poll takes its time to get there.
      const seen = next + 40;
      expect(seen - changed).toBeLessThanOrEqual(Math.min(60_040, 0.1 * changed) + 1);
    }
  });

  test('a change in the first 10 s is seen within 3 s', () => {
    const times = pollTimes(12_000, random);
    for (const [index, at] of times.entries()) expect((times[index + 1] ?? at) - at).toBeLessThanOrEqual(3_000);
  });

  test('no delay is shorter than a second', () => {
    expect(pollDelayMs(DEFAULT_POLL, 0, random)).toBe(MIN_DELAY_MS);
    for (const at of pollTimes(HOUR, random))
      expect(pollDelayMs(DEFAULT_POLL, at, random)).toBeGreaterThanOrEqual(1_000);
  });
});

test('a thousand runs that started together do not poll together, an hour later either', () => {
  const last = Array.from({ length: 1_000 }, () => pollTimes(HOUR, Math.random).at(-1) ?? 0);
  const busiest = Math.max(...last.map((at) => last.filter((other) => Math.abs(other - at) < 500).length));
  expect(busiest).toBeLessThan(250);
});

test('a wait that seems to begin in the future, since clocks differ, is one that begins now', () => {
  const poll = { initialInterval: 30_000, latencyRatio: 1, maximumInterval: 60_000 };
  expect(pollDelayMs(poll, -20_000, () => 0)).toBe(30_000);
});

test('the caller decides how often', () => {
  const steady = { initialInterval: 5_000, latencyRatio: 0, maximumInterval: 60_000 };
  expect(pollDelayMs(steady, HOUR, () => 0)).toBe(5_000);
  const capped = { initialInterval: 5_000, latencyRatio: 1, maximumInterval: 10_000 };
  expect(pollDelayMs(capped, 3_000, () => 0)).toBe(6_920);
  expect(pollDelayMs(capped, 8_000, () => 0)).toBe(7_920);
  expect(pollDelayMs(capped, HOUR, () => 0)).toBe(10_000);
});

test('delays are given in seconds below 2 minutes, and in minutes above', () => {
  expect([1_000, 30_400, 119_000, 300_000].map(formatDelay)).toEqual(['1 s', '30 s', '119 s', '5 min']);
});
