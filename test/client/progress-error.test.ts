import { ServiceError } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { toProgressError } from '../../src/client/progress-error.js';
import { NoWorkerError, RunNotReadyError } from '../../src/index.js';

const RUN = { workflowId: 'a-run', taskQueue: 'a-queue' };
const FUTURE_MS = Date.now() + 3_600_000;

/** As the SDK throws it. @param details Text of the server; empty on a `NativeConnection`, which has it in the message only. */
function queryError(code: number, text: string, details = text) {
  return new ServiceError('Failed to query Workflow', {
    cause: Object.assign(new Error(`${code} STATUS: ${text}`), { code, details, metadata: {} }),
  });
}

describe('a query without an answer', () => {
  test('is a NoWorkerError when Temporal has seen no poller of the task queue', () => {
    const text = 'no poller seen for task queue recently, worker may be down';
    for (const error of [queryError(9, text), queryError(9, text, '')]) {
      const progressError = toProgressError(error, RUN, FUTURE_MS);
      expect(progressError).toBeInstanceOf(NoWorkerError);
      expect(progressError).toMatchObject({ taskQueue: 'a-queue', cause: error });
    }
  });

  test.each([
    ['not-started', 'Workflow task is not scheduled yet.'],
    ['workflow-task-failing', 'Unable to query workflow due to Workflow Task in failed state.'],
  ])('is a RunNotReadyError, %s, when the run can not answer', (reason, text) => {
    for (const error of [queryError(9, text), queryError(9, text, '')]) {
      const progressError = toProgressError(error, RUN, FUTURE_MS);
      expect(progressError).toBeInstanceOf(RunNotReadyError);
      expect(progressError).toMatchObject({ workflowId: 'a-run', reason, cause: error });
    }
  });

  test.each([
    ['a precondition that is not known', queryError(9, 'something new')],
    ['an abort before the deadline', queryError(1, 'Cancelled on client')],
    ['an error without a status', new Error('a bug')],
  ])('stays as it is when it is %s', (_, error) => {
    expect(toProgressError(error, RUN, FUTURE_MS)).toBe(error);
  });
});
