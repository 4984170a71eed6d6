import { describe, expect, test } from 'vitest';
import {
  findPartCredits,
  type Ledger,
  reserve,
  settle,
  sumLedger,
} from '../../../src/activities/corpus/budget-ledger.js';

const HOUR = 3_600_000;
const AT = '2026-11-28T00:00:00.000Z';
const NOW = Date.parse(AT);

function newLedger(): Ledger {
  return { generation: 'g', partCredits: 10, parts: {} };
}
const part = (key: string, credits: number) => ({ key, credits, maxCredits: 100 });
const settlement = { key: 'a', spent: 40, batchId: 'bat-1', isFailed: false };

describe('the record of what was spent', () => {
  test('reserves a part only if it fits', () => {
    const ledger = newLedger();
    expect(reserve(ledger, part('a', 60), NOW)).toBe(true);
    expect(reserve(ledger, part('b', 41), NOW)).toBe(false);
    expect(reserve(ledger, part('b', 40), NOW)).toBe(true);
    expect(sumLedger(ledger)).toBe(100);
  });

  test('has a part once, however often it is reserved and settled', () => {
    const ledger = newLedger();
    for (let time = 0; time < 3; time += 1) expect(reserve(ledger, part('a', 60), NOW)).toBe(true);
    expect(sumLedger(ledger)).toBe(60);
    for (let time = 0; time < 3; time += 1) settle(ledger, [settlement], AT);
    expect(sumLedger(ledger)).toBe(40);
  });

  test('reserves nothing for a batch that is found again', () => {
    const ledger = newLedger();
    settle(ledger, [settlement], AT);
    expect(reserve(ledger, part('a', 100), NOW + HOUR)).toBe(true);
    expect(sumLedger(ledger)).toBe(40);
  });

  test('adds a batch that replaces one which has failed, or whose directory is gone', () => {
    for (const [isFailed, hours] of [
      [true, 1],
      [false, 13],
    ] as const) {
      const ledger = newLedger();
      settle(ledger, [{ ...settlement, isFailed }], AT);
      expect(reserve(ledger, part('a', 61), NOW + hours * HOUR)).toBe(false);
      expect(reserve(ledger, part('a', 60), NOW + hours * HOUR)).toBe(true);
      settle(ledger, [{ ...settlement, batchId: 'bat-2', spent: 30 }], AT);
      expect(sumLedger(ledger)).toBe(70);
    }
  });

  test('gives back what was reserved for a part that did not begin', () => {
    const ledger = newLedger();
    reserve(ledger, part('a', 60), NOW);
    settle(ledger, [{ key: 'a', spent: 0, batchId: null, isFailed: false }], AT);
    expect(ledger.parts).toEqual({});
  });

  test('keeps the size of parts for a run that takes the place of one which has not ended by itself', () => {
    const ledger = newLedger();
    expect(findPartCredits(ledger, 'g')).toBeUndefined();
    reserve(ledger, part('a', 60), NOW);
    expect(findPartCredits(ledger, 'g')).toBe(10);
    expect(findPartCredits(ledger, 'other')).toBeUndefined();
    settle(ledger, [settlement], AT);
    expect(findPartCredits(ledger, 'g')).toBeUndefined();
  });
});
