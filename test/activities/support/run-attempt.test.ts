import { CancelledFailure } from '@temporalio/common';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { NotReady } from '../../../src/activities/support/not-ready.js';
import { ResultMissing } from '../../../src/activities/support/result-missing.js';
import { type Attempt, runAttempt } from '../../../src/activities/support/run-attempt.js';
import { ConnectionError, HttpStatusError } from '../../../src/llamacloud/index.js';
import { OutputError } from '../../../src/outputs/index.js';
import { type Attempt as AttemptInfo, createContext, failureOf, runIn } from '../support.js';

const MINUTE = 60_000;
const REQUEST = { method: 'GET', path: '/x' };

const REJECTED = ofStatus(401);
const NOT_FOUND = ofStatus(404);
const MISSING = new ResultMissing('it is COMPLETED but has no text');
const NO_ROOM = new OutputError('write', '/out', new Error('ENOSPC'));
const SILENCE = new ConnectionError('No response', REQUEST);
const READY_LATER = new NotReady('BatchNotReady', 'batch bat-1 is RUNNING', 1_000);

function ofStatus(status: number): HttpStatusError {
  return new HttpStatusError({ status, detail: '', retryAfterMs: undefined }, REQUEST);
}

/**
 * One attempt: what it throws, and what it leaves for the next, as it comes back from the Temporal server.
 *
 * @param run What the attempt does before it throws.
 */
async function runOnce(error: unknown, info: AttemptInfo = {}, run: () => unknown = () => undefined) {
  const context = createContext(info);
  let left: unknown = info.heartbeatDetails;
  context.on('heartbeat', (details: unknown) => {
    left = JSON.parse(JSON.stringify(details));
  });
  const failure = await failureOf(
    runIn(
      context,
      () =>
        runAttempt('read', 'batch bat-1', async () => {
          run();
          throw error;
        }),
      null,
    ),
  );
  return { failure, left };
}

/** Runs one attempt after another, each with the time since the one before, on whatever worker. Gives the last failure. */
async function runSeries(...attempts: [error: unknown, sincePreviousMs: number][]) {
  let heartbeatDetails: unknown;
  let last = await runOnce(READY_LATER);
  for (const [error, sincePreviousMs] of attempts) {
    last = await runOnce(error, {
      number: 9,
      ageMs: 7_200_000,
      heartbeatDetails: earlier(heartbeatDetails, sincePreviousMs),
    });
    heartbeatDetails = last.left;
  }
  return last.failure;
}

/** Heartbeat details as they are when that much time has passed, and so many attempts, by default enough. */
function earlier(details: unknown, ms: number, failures = 9): unknown {
  return JSON.parse(JSON.stringify(details ?? null), (key, value) => {
    if (key === 'failures') return failures;
    return typeof value === 'number' ? value - ms : value;
  });
}

/** What an attempt is told of itself. */
async function told(info: AttemptInfo): Promise<Attempt> {
  return runIn(createContext(info), () => runAttempt('read', 'x', async (attempt) => attempt), null);
}

describe.each([
  ['a rejected key', REJECTED, 15 * MINUTE],
  ['an id that is not found', NOT_FOUND, MINUTE],
  ['a missing result', MISSING, 2 * MINUTE],
])('%s', (_, error, limitMs) => {
  test('is final once it has lasted, however many attempts and workers that were', async () => {
    const third = limitMs / 3;
    expect((await runSeries([error, 0], [error, third], [error, third])).nonRetryable).toBe(false);
    expect((await runSeries([error, 0], [error, third], [error, third], [error, third + 1_000])).nonRetryable).toBe(
      true,
    );
  });

  test('is timed since it was first seen, however old the activity is', async () => {
    expect((await runOnce(error, { number: 7, ageMs: 50 * MINUTE })).failure.nonRetryable).toBe(false);
  });

  test('is timed from when it happened, which may be long after its attempt began', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const tookMs = limitMs + MINUTE;
    let { left } = await runOnce(error, {}, () => vi.advanceTimersByTime(tookMs));
    const second = await runOnce(error, { number: 2, heartbeatDetails: earlier(left, tookMs + 5_000) });
    expect(second.failure.nonRetryable).toBe(false);
    ({ left } = second);
    const third = await runOnce(error, { number: 3, heartbeatDetails: earlier(left, limitMs) });
    expect(third.failure.nonRetryable).toBe(true);
  });

  test('is timed anew after another response', async () => {
    for (const response of [READY_LATER, ofStatus(402)])
      expect((await runSeries([error, 0], [response, limitMs], [error, limitMs])).nonRetryable).toBe(false);
  });

  test('is timed on through silence and outages, which say nothing of it', async () => {
    for (const silence of [SILENCE, ofStatus(503), ofStatus(429), NO_ROOM])
      expect((await runSeries([error, 0], [silence, limitMs], [error, limitMs])).nonRetryable).toBe(true);
  });

  test('is timed anew once a person has reset the activity with its heartbeat details', async () => {
    expect((await runOnce(error, { number: 1, ageMs: 50 * MINUTE })).failure.nonRetryable).toBe(false);
  });
});

test('a missing result is final at the eighth attempt that misses it, however long the outages between them were', async () => {
  const finals: (boolean | null | undefined)[] = [];
  let heartbeatDetails: unknown;
  for (let number = 1; number <= 8; number++) {
    for (const error of [SILENCE, MISSING]) {
      const { failure, left } = await runOnce(error, { number: 2 * number, ageMs: 7_200_000, heartbeatDetails });
      const { failures = 0 }: { failures?: number } = Object(left);
      heartbeatDetails = earlier(left, 10 * MINUTE, failures);
      if (error === MISSING) finals.push(failure.nonRetryable);
    }
  }
  expect(finals).toEqual([...Array(7).fill(false), true]);
});

test('a rejected key and an id that is not found do not add up', async () => {
  expect((await runSeries([REJECTED, 0], [NOT_FOUND, 2 * MINUTE])).nonRetryable).toBe(false);
  expect((await runSeries([NOT_FOUND, 0], [REJECTED, 2 * MINUTE], [NOT_FOUND, 2 * MINUTE])).nonRetryable).toBe(false);
});

describe('heartbeat details that are not ours are taken for none', () => {
  test.each([
    'text',
    null,
    7,
    true,
    [],
    [{ failingSinceMs: { NotAuthorized: 1 } }],
    { unauthorizedSinceMs: 1 },
    { failingSinceMs: 'long ago' },
    { failingSinceMs: { NotAuthorized: 'long ago' } },
  ])('%j', async (heartbeatDetails) => {
    const { failure, left } = await runOnce(REJECTED, { number: 5, ageMs: 50 * MINUTE, heartbeatDetails });
    expect(failure).toMatchObject({ type: 'NotAuthorized', nonRetryable: false });
    expect(left).toEqual({ failingSinceMs: { NotAuthorized: expect.closeTo(Date.now(), -5) }, failures: 1 });
  });
});

describe('progress', () => {
  const save = (value: unknown) => async (attempt: Attempt) => {
    attempt.saveProgress(value);
    throw READY_LATER;
  };
  const leftBy = async (run: (attempt: Attempt) => Promise<unknown>, heartbeatDetails?: unknown) => {
    const context = createContext({ number: 2, heartbeatDetails });
    let left: unknown;
    context.on('heartbeat', (details: unknown) => {
      left = details;
    });
    await failureOf(runIn(context, () => runAttempt('read', 'x', run), null));
    return left;
  };

  test.each([[{ next: 'page-2', files: [1, 2] }], [0], [''], [false], [null], ['text']])(
    '%j outlives the attempt',
    async (value) => {
      const left = await leftBy(save(value));
      expect(left).toEqual({ progress: value });
      expect((await told({ number: 3, heartbeatDetails: left })).progress).toEqual(value);
    },
  );

  test('that an attempt does not touch stays, beside what has lasted', async () => {
    const before = { progress: [1], failingSinceMs: { NotFound: 5 } };
    expect(await leftBy(() => Promise.reject(SILENCE), before)).toEqual(before);
    expect(await leftBy(() => Promise.reject(READY_LATER), before)).toEqual({ progress: [1] });
  });

  test('is none at first, and after a reset', async () => {
    expect((await told({})).progress).toBeUndefined();
  });
});

describe('an attempt knows', () => {
  test.each([
    [{ number: 1 }, true],
    [{ number: 2 }, false],
    [{ number: 2, ageMs: 5_000 }, false],
    // `temporal activity reset` sets the number to 1 again, and keeps the time of the first.
    [{ number: 1, ageMs: 5_000 }, false],
  ])('of %j whether it is the first: %s', async (info, isFirst) => {
    expect((await told(info)).isFirst).toBe(isFirst);
  });

  test.each([
    [{}, Number.POSITIVE_INFINITY],
    [{ ageMs: 5_000 }, Number.POSITIVE_INFINITY],
    [{ deadlineMs: 60_000 }, 60_000],
    [{ deadlineMs: 60_000, ageMs: 45_000 }, 15_000],
    [{ deadlineMs: 60_000, ageMs: 70_000 }, -10_000],
  ])('of %j how much time is left: %i ms', async (info, remainingMs) => {
    expect((await told(info)).remainingMs()).toBeCloseTo(remainingMs, -4);
  });
});

test('a cancelled attempt ends as cancelled, whatever its aborted request throws', async () => {
  const context = createContext();
  const ended = runIn(
    context,
    () =>
      runAttempt('read', 'x', async ({ signal }) => {
        context.cancel('CANCELLED');
        expect(signal.aborted).toBe(true);
        throw SILENCE;
      }),
    null,
  );
  await expect(ended).rejects.toBeInstanceOf(CancelledFailure);
});

test('an attempt heartbeats every five seconds until it ends, with what the one before has left', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const before = { progress: [1], failingSinceMs: { NotFound: 5 } };
  const context = createContext({ number: 2, heartbeatDetails: before });
  const heartbeats: unknown[] = [];
  context.on('heartbeat', (details: unknown) => heartbeats.push(details));
  await runIn(context, () => runAttempt('read', 'x', async () => vi.advanceTimersByTime(12_000)), null);
  vi.advanceTimersByTime(60_000);
  expect(heartbeats).toEqual([before, before]);
});
