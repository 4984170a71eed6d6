import { expect, test } from 'vitest';
import { fromRanges, toRanges } from '../../src/protocol/index.js';

test.each([
  [[], ''],
  [[0], '0'],
  [[7, 9], '7,9'],
  [[0, 1, 2, 3], '0-3'],
  [[0, 2, 3, 4, 8, 10, 11], '0,2-4,8,10-11'],
])('%j is %j, and back', (numbers, text) => {
  expect(toRanges(numbers)).toBe(text);
  expect(fromRanges(text)).toEqual(numbers);
});

test('a page whose every other row is meant is a few kilobytes at most', () => {
  const numbers = Array.from({ length: 500 }, (_, i) => 2 * i);
  expect(toRanges(numbers).length).toBeLessThan(2_000);
  expect(fromRanges(toRanges(numbers))).toEqual(numbers);
});
