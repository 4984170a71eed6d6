/** Steps of a stop while no worker runs. They run as plain functions: minutes without workers would be minutes of the test. */
import { ActivityFailure, RetryState, TimeoutFailure, TimeoutType } from '@temporalio/common';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cancelRemoteBatch, remainingMs } from '../../../src/workflows/batch/cancel-remote.js';

const MINUTE = 60_000;

/** How long each attempt to cancel takes, in milliseconds. It then times out, unless it is the last one. */
let attempts: number[] = [];
const timeouts: number[] = [];

vi.mock('@temporalio/workflow', async (importActual) => ({
  ...(await importActual<object>()),
  log: { error: () => undefined },
}));

vi.mock('../../../src/workflows/shared/activities.js', () => ({
  cancelBatch: {
    executeWithOptions: async ({ scheduleToCloseTimeout }: { scheduleToCloseTimeout: number }) => {
      timeouts.push(scheduleToCloseTimeout);
      vi.setSystemTime(Date.now() + (attempts.shift() ?? 0));
      if (attempts.length === 0) return 'CANCELLED';
      const cause = new TimeoutFailure('no worker', undefined, TimeoutType.SCHEDULE_TO_CLOSE);
      throw new ActivityFailure('timed out', 'cancelBatch', '1', RetryState.TIMEOUT, 'me', cause);
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
  attempts = [7 * MINUTE, 5 * MINUTE, 1_000];
  expect(await cancelRemoteBatch(batch, 3 * MINUTE)).toMatchObject({ status: 'CANCELLED', isIncomplete: false });
  expect(timeouts).toEqual([3 * MINUTE, MINUTE / 2, MINUTE / 2]);
});

test('a batch that LlamaCloud does not cancel in its time is left, so that a stop has an end', async () => {
  attempts = [3 * MINUTE + 1_000, 1_000];
  const outcome = await cancelRemoteBatch(batch, 3 * MINUTE);
  expect(outcome).toMatchObject({ status: 'RUNNING', isIncomplete: true });
  expect(outcome.text).toContain('could not be cancelled');
  expect(timeouts).toHaveLength(1);
});

test('each step of a stop has half a minute, however late it is', () => {
  expect(remainingMs(-MINUTE)).toBe(MINUTE / 2);
  expect(remainingMs(2 * MINUTE)).toBe(2 * MINUTE);
});
