import { type ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NotReady } from '../../../src/activities/support/not-ready.js';
import { ResultMissing } from '../../../src/activities/support/result-missing.js';
import { type FailureContext, type Operation, toFailure } from '../../../src/activities/support/to-failure.js';
import {
  ConnectionError,
  HttpStatusError,
  IncompleteDocumentError,
  UnexpectedResponseError,
} from '../../../src/llamacloud/index.js';
import { OutputError } from '../../../src/outputs/index.js';
import { FAILURES } from '../../../src/protocol/index.js';
import { anyText, longText } from '../../support/arbitraries.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const REQUEST = { method: 'GET', path: '/api/v2/batches/bat-1' };
const operation = fc.constantFrom<Operation[]>('open', 'create', 'read', 'cancel', 'store');
const duration = fc.oneof(
  fc.nat(3 * MINUTE),
  fc.nat(DAY),
  fc.nat(DAY).map((ms) => ms / 4),
);

const status = fc.oneof(
  fc.constantFrom(400, 401, 402, 403, 404, 408, 409, 422, 425, 429, 500, 502, 503),
  fc.integer({ min: 300, max: 599 }),
);
const retryAfterMs = fc.oneof(
  fc.constantFrom(undefined, 0, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.integer({ min: -HOUR, max: 20 * MINUTE }).map((ms) => ms / 4),
);
const statusError = fc
  .tuple(status, longText(), retryAfterMs)
  .map(([status, detail, retryAfterMs]) => new HttpStatusError({ status, detail, retryAfterMs }, REQUEST));
const otherError = fc.oneof(
  longText().map((text) => new ConnectionError(text, REQUEST, { cause: new Error(text) })),
  longText().map((text) => new UnexpectedResponseError(text, text, REQUEST)),
  longText().map((text) => new IncompleteDocumentError(text, REQUEST)),
  longText().map((text) => new ResultMissing(text)),
  longText().map((text) => new OutputError('write', text, new Error(text))),
  longText().map((text) => Object.assign(new TypeError(text), { name: text, stack: `\n    at ${text}`.repeat(9) })),
  fc.tuple(longText(), duration).map(([text, delayMs]) => new NotReady('BatchNotReady', text, delayMs)),
);
const noError = fc.constantFrom(undefined, null, 0, Number.NaN, true, Symbol('thrown'), {}, []);
const anyError: fc.Arbitrary<unknown> = fc.oneof(statusError, otherError, noError);

const context: fc.Arbitrary<FailureContext> = fc.record({
  operation,
  what: anyText(),
  ageMs: duration,
  failingMs: duration.map((ms) => () => ms),
  failures: fc.nat(20).map((count) => () => count),
  remainingMs: fc.oneof(
    fc.constant(Number.POSITIVE_INFINITY),
    duration,
    duration.map((ms) => -ms),
  ),
});

/** When the next attempt starts, in milliseconds; `undefined` if there is none. */
function delayOf({ nonRetryable, nextRetryDelay }: ApplicationFailure): number | undefined {
  if (nonRetryable === true) return undefined;
  if (typeof nextRetryDelay !== 'number') throw new Error(`no delay: ${nextRetryDelay}`);
  return nextRetryDelay;
}

describe('a failure that is retried', () => {
  test('is retried after a second to an hour, in whole milliseconds; one that is final names no delay', () => {
    fc.assert(
      fc.property(anyError, context, (error, context) => {
        const { failure } = toFailure(error, context);
        const delay = delayOf(failure);
        if (delay === undefined) {
          expect(failure.nextRetryDelay ?? null).toBeNull();
          return;
        }
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(SECOND);
        expect(delay).toBeLessThanOrEqual(HOUR);
      }),
      { numRuns: 200 },
    );
  });

  test('is retried once more before the deadline, unless that is less than two seconds away', () => {
    fc.assert(
      fc.property(anyError, context, (error, context) => {
        fc.pre(context.remainingMs >= 2 * SECOND);
        const delay = delayOf(toFailure(error, context).failure) ?? 0;
        expect(delay).toBeLessThanOrEqual(context.remainingMs - SECOND + 1);
      }),
    );
  });

  test('is retried when the server asks for it, within a second and five minutes', () => {
    fc.assert(
      fc.property(statusError, context, (error, context) => {
        const { retryAfterMs: asked } = error;
        fc.pre(asked !== undefined && context.remainingMs > 6 * MINUTE);
        const delay = delayOf(toFailure(error, context).failure);
        fc.pre(delay !== undefined);
        expect(delay).toBe(Math.round(Math.min(5 * MINUTE, Math.max(SECOND, asked))));
      }),
    );
  });

  test('is retried later the longer a service is down, and within a minute', () => {
    const unavailable = fc.oneof(
      fc
        .constantFrom(500, 502, 503, 408, 425)
        .map((status) => new HttpStatusError({ status, detail: '', retryAfterMs: undefined }, REQUEST)),
      fc.constant(new ConnectionError('reset', REQUEST)),
      fc.constant(new UnexpectedResponseError('id', 'missing', REQUEST)),
    );
    const wait = (error: Error, context: FailureContext, ageMs: number) =>
      delayOf(toFailure(error, { ...context, ageMs, remainingMs: Number.POSITIVE_INFINITY }).failure) ?? 0;
    fc.assert(
      fc.property(
        unavailable,
        context,
        fc.integer({ min: 4 * SECOND, max: DAY }),
        fc.nat(DAY),
        (error, context, ageMs, more) => {
          const [earlier, later] = [wait(error, context, ageMs), wait(error, context, ageMs + more)];
          expect(later).toBeGreaterThanOrEqual(earlier);
          expect(later).toBeLessThanOrEqual(MINUTE);
        },
      ),
    );
  });
});

test('a failure that has become final stays so, and a read does not fail by the first 401, 403 or 404', () => {
  const passing = fc.constantFrom(401, 403, 404);
  fc.assert(
    fc.property(passing, context, fc.array(duration, { minLength: 1, maxLength: 4 }), (status, context, times) => {
      const error = new HttpStatusError({ status, detail: '', retryAfterMs: undefined }, REQUEST);
      const isFinal = (ms: number) =>
        toFailure(error, { ...context, operation: 'read', failingMs: () => ms }).failure.nonRetryable === true;
      const finals = [0, ...times, 16 * MINUTE].sort((a, b) => a - b).map(isFinal);
      expect(finals[0]).toBe(false);
      expect(isFinal(16 * MINUTE)).toBe(true);
      expect(finals.slice(finals.indexOf(true))).not.toContain(false);
    }),
  );
});

test('a request is retried after exactly those statuses that the design names', () => {
  // From the design's table of failures; the first request of a run and the POST fail at once where nothing is lost.
  const always = new Set([408, 425, 429]);
  const whileReading = new Set([401, 402, 403, 404, 409]);
  const whileCancelling = new Set([401, 402, 403, 404]);
  fc.assert(
    fc.property(statusError, context, (error, context) => {
      const { status } = error;
      const { operation } = context;
      const { failure } = toFailure(error, { ...context, failingMs: () => 0 });
      const passes =
        status < 400 ||
        status >= 500 ||
        always.has(status) ||
        (operation === 'cancel' && whileCancelling.has(status)) ||
        (['read', 'store'].includes(operation) && whileReading.has(status)) ||
        (operation === 'open' && status === 409);
      expect(failure.nonRetryable !== true).toBe(passes);
    }),
    { numRuns: 200 },
  );
});

test('a failure of whatever error is shown whole: it is well-formed, and small enough for Temporal', () => {
  fc.assert(
    fc.property(fc.oneof(otherError, anyError), context, (error, context) => {
      const { failure } = toFailure(error, context);
      let bytes = 0;
      for (let current: unknown = failure; current instanceof Error; current = current.cause) {
        for (const text of [current.name, current.message, current.stack ?? '']) {
          expect(text.isWellFormed()).toBe(true);
          bytes += Buffer.byteLength(text);
        }
      }
      expect(bytes).toBeLessThan(4_000);
      expect(failure.message).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test('only waiting is benign', () => {
  fc.assert(
    fc.property(anyError, context, (error, context) => {
      const { failure } = toFailure(error, context);
      expect(failure.category === ApplicationFailureCategory.BENIGN).toBe(error instanceof NotReady);
    }),
  );
});

test('a failure of a type that is never retried is final, and one of a type that is always retried is not', () => {
  fc.assert(
    fc.property(anyError, context, (error, context) => {
      const { type, nonRetryable } = toFailure(error, { ...context, failingMs: () => 0 }).failure;
      const rule = Object.entries(FAILURES).find(([name]) => name === type)?.[1].retried;
      if (rule === 'no') expect(nonRetryable).toBe(true);
      else if (rule === 'yes' || rule === undefined) expect(nonRetryable ?? false).toBe(false);
    }),
  );
});
