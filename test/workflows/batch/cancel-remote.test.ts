/** Steps of a stop while no worker runs. They run as plain functions: minutes without workers would be minutes of the test. */
import { ActivityFailure, RetryState, TimeoutFailure, TimeoutType } from '@temporalio/common';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cancelRemoteBatch, remainingMs } from '../../../src/workflows/batch/cancel-remote.js';

const MINUTE = 60_000;

/** Identity of the worker that has taken each attempt before it times out; then the batch is cancelled. */
let takenBy: (string | undefined)[] = [];
const timeouts: number[] = [];

vi.mock('@temporalio/workflow', async (importActual) => ({
  ...(await importActual<object>()),
  log: { error: () => undefined },
}));

vi.mock('../../../src/workflows/shared/activities.js', () => ({
  cancelBatch: {
    executeWithOptions: async ({ scheduleToCloseTimeout }: { scheduleToCloseTimeout: number }) => {
      timeouts.push(scheduleToCloseTimeout);
      if (takenBy.length === 0) return 'CANCELLED';
      vi.setSystemTime(Date.now() + scheduleToCloseTimeout);
      const cause = new TimeoutFailure('too late', undefined, TimeoutType.SCHEDULE_TO_CLOSE);
      throw new ActivityFailure('timed out', 'cancelBatch', '1', RetryState.TIMEOUT, takenBy.shift(), cause);
    },
  },
}));

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  timeouts.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

const batch = { scope: {}, directoryId: 'dir-1', batchId: 'bat-1', status: 'RUNNING' };

test('a batch whose time to be cancelled has passed without a worker is cancelled when there is one again', async () => {
  takenBy = [undefined, undefined];
  expect(await cancelRemoteBatch(batch, 3 * MINUTE)).toMatchObject({ status: 'CANCELLED', isIncomplete: false });
  expect(timeouts).toEqual([3 * MINUTE, MINUTE / 2, MINUTE / 2]);
});

test.each([
  ['LlamaCloud does not cancel in its time', ['a worker', 'a worker'], 1],
  ['no worker takes, however often', Array(9).fill(undefined), 4],
])('a batch whose cancel %s is left, so that a stop has an end', async (_, identities, attempts) => {
  takenBy = identities;
  const outcome = await cancelRemoteBatch(batch, 3 * MINUTE);
  expect(outcome).toMatchObject({ status: 'RUNNING', isIncomplete: true });
  expect(outcome.text).toContain('could not be cancelled');
  expect(timeouts).toHaveLength(attempts);
});

test('each step of a stop has half a minute, however late it is', () => {
  expect(remainingMs(-MINUTE)).toBe(MINUTE / 2);
  expect(remainingMs(2 * MINUTE)).toBe(2 * MINUTE);
});
