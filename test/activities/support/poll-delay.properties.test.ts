import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolvePoll } from '../../../src/activities/input/resolve.js';
import { msUntilNextPoll } from '../../../src/activities/support/next-poll.js';
import { pollDelayMs } from '../../../src/activities/support/poll-delay.js';
import { DEFAULT_POLL, MAX_POLL_MS } from '../../../src/protocol/index.js';

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const interval = fc.oneof(fc.integer({ min: SECOND, max: 2 * 60_000 }), fc.integer({ min: SECOND, max: MAX_POLL_MS }));
const ratio = fc.oneof(fc.constantFrom(0, 0.1, 1, 9), fc.double({ min: 0, max: 9, noNaN: true }));

/** Whatever the validation lets through, with its defaults. */
const poll = fc
  .tuple(fc.option(interval, { nil: undefined }), ratio, fc.option(interval, { nil: undefined }))
  .filter(([initial = DEFAULT_POLL.initialInterval, , maximum = HOUR]) => initial <= maximum)
  .map(([initialInterval, latencyRatio, maximumInterval]) =>
    resolvePoll({ initialInterval, latencyRatio, maximumInterval }),
  );
const waited = fc.oneof(fc.integer({ min: -HOUR, max: 2 * 60_000 }), fc.integer({ min: 0, max: 365 * DAY }));
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the delay before the next poll, whatever the caller sets', () => {
  test('is a whole number of milliseconds, at least a second, and at most the maximum', () => {
    fc.assert(
      fc.property(poll, waited, chance, (poll, waitedMs, chance) => {
        const delay = pollDelayMs(poll, waitedMs, () => chance);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(SECOND);
        expect(delay).toBeLessThanOrEqual(Math.max(SECOND, Math.round(poll.maximumInterval)));
      }),
      { numRuns: 500 },
    );
  });

  test('is not much shorter than the initial interval, however long it has been waited', () => {
    fc.assert(
      fc.property(poll, waited, chance, (poll, waitedMs, chance) => {
        const delay = pollDelayMs(poll, waitedMs, () => chance);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(0.95 * (poll.initialInterval - 80)));
      }),
      { numRuns: 500 },
    );
  });

  test('never shrinks as the wait goes on, from when it is a share of the time waited', () => {
    fc.assert(
      fc.property(poll, waited, fc.oneof(fc.nat(100), fc.nat(DAY)), (poll, waitedMs, moreMs) => {
        const steadyMs = poll.initialInterval / poll.latencyRatio;
        fc.pre(waitedMs >= steadyMs);
        const [earlier, later] = [waitedMs, waitedMs + moreMs].map((ms) => pollDelayMs(poll, ms));
        expect(later).toBeGreaterThanOrEqual(earlier ?? 0);
      }),
    );
  });

  test('lets a change be seen within the share of the time waited that the caller allows', () => {
    fc.assert(
      fc.property(poll, fc.array(chance, { minLength: 1, maxLength: 20 }), (poll, chances) => {
        const share = poll.latencyRatio;
        const steadyMs = poll.initialInterval / share;
        let polls = 0;
        for (let at = 0; polls < 100; ) {
          const next = at + pollDelayMs(poll, at, () => chances[polls % chances.length] ?? 0);
          // Of all changes between two polls the first is seen the latest.
          const changed = Math.max(at, steadyMs);
          if (next > steadyMs) expect(next - changed).toBeLessThanOrEqual(Math.max(SECOND, share * changed) + 1);
          at = next;
          polls += 1;
        }
      }),
    );
  });

  test('costs fewer than 100 requests in the first hour by default, whatever chance brings', () => {
    fc.assert(
      fc.property(fc.array(chance, { minLength: 1, maxLength: 50 }), (chances) => {
        let polls = 0;
        for (let at = 0; at < HOUR; polls++) {
          const index = polls % chances.length;
          at += pollDelayMs(DEFAULT_POLL, at, () => chances[index] ?? 0);
        }
        expect(polls).toBeLessThan(100);
      }),
    );
  });

  test('is that of a wait that begins now, if it seems to begin in the future', () => {
    fc.assert(
      fc.property(poll, fc.nat(DAY), chance, (poll, aheadMs, chance) => {
        expect(pollDelayMs(poll, -aheadMs, () => chance)).toBe(pollDelayMs(poll, 0, () => chance));
      }),
    );
  });
});

test('two activities in a row poll the same thing no sooner than one would, and a retry is not held up', () => {
  fc.assert(
    fc.property(
      fc.nat(DAY),
      fc.nat(HOUR),
      fc.integer({ min: SECOND, max: HOUR }),
      (lastPolledAtMs, sinceMs, delayMs) => {
        const nowMs = lastPolledAtMs + sinceMs;
        const early = msUntilNextPoll({ isFirst: true, nowMs }, lastPolledAtMs, delayMs);
        expect(nowMs + early - lastPolledAtMs).toBe(Math.max(sinceMs, delayMs));
        expect(msUntilNextPoll({ isFirst: false, nowMs }, lastPolledAtMs, delayMs)).toBe(0);
        expect(msUntilNextPoll({ isFirst: true, nowMs }, null, delayMs)).toBe(0);
      },
    ),
  );
});
