import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { toFailedLine, toLineWithoutJob } from '../../../src/workflows/batch/manifest-line.js';
import { type BatchState, newBatchState } from '../../../src/workflows/batch/state.js';

const CANCELLED_BEFORE = 'the batch was cancelled before a job was created for this file';

const state = (changes: Partial<BatchState> = {}): BatchState => ({
  ...newBatchState(0),
  phase: 'processing',
  status: 'COMPLETED',
  ...changes,
});
const row = (error: string | null = null) => ({ fileId: 'dfl-1', name: 'a.pdf', job: null, error, storedLine: null });

describe('a file without a job', () => {
  test.each<[string, Partial<BatchState>, string | null, string]>([
    ['of a COMPLETED batch has failed', {}, null, 'FAILED'],
    ['of a COMPLETED batch, with an error, has failed', {}, 'unreadable', 'FAILED'],
    ['of a COMPLETED batch has failed, whatever the error says', {}, CANCELLED_BEFORE, 'FAILED'],
    ['of a CANCELLED batch is cancelled', { status: 'CANCELLED' }, null, 'CANCELLED'],
    [
      'of a CANCELLED batch, where the error says so, is cancelled',
      { status: 'CANCELLED' },
      CANCELLED_BEFORE,
      'CANCELLED',
    ],
    ['of a CANCELLED batch has failed for a reason of its own', { status: 'CANCELLED' }, 'unreadable', 'FAILED'],
    ['is skipped when its run is stopping', { phase: 'stopping' }, null, 'SKIPPED'],
    [
      'has failed for a reason of its own, also when its run is stopping',
      { phase: 'stopping' },
      'unreadable',
      'FAILED',
    ],
    ['is cancelled by a stop', { phase: 'stopping', status: 'CANCELLED' }, CANCELLED_BEFORE, 'CANCELLED'],
  ])('%s', (_, changes, error, status) => {
    const line = toLineWithoutJob(state(changes), row(error));
    expect(line).toMatchObject({ fileId: 'dfl-1', jobId: null, output: null, status });
    expect(line.error?.message).toContain(error ?? '');
    expect(line.error?.message).not.toBe('');
  });
});

describe('a file whose child failed', () => {
  const failure = (type: string) => ApplicationFailure.nonRetryable('because', type);

  test.each<[string, Partial<BatchState>, Error, string]>([
    ['has failed', {}, failure('JobFailed'), 'FAILED'],
    ['has failed when its time was up', {}, failure('JobTimedOut'), 'FAILED'],
    [
      'is skipped when its run is stopping and has no more time',
      { phase: 'stopping' },
      failure('JobTimedOut'),
      'SKIPPED',
    ],
    ['has failed, also when its run is stopping', { phase: 'stopping' }, failure('JobFailed'), 'FAILED'],
    ['is cancelled with its job', {}, failure('JobCancelled'), 'CANCELLED'],
    ['is cancelled with its workflow', {}, new CancelledFailure('by a person'), 'CANCELLED'],
  ])('%s', (_, changes, error, status) => {
    expect(toFailedLine(state(changes), row(), error)).toMatchObject({ output: null, credits: null, status });
  });
});
