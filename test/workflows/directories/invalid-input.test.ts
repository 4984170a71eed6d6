import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchWorkflowId, type FailureType, isFailure, type ProcessBatchInput } from '../../../src/index.js';
import { directoryLines, parseAll } from '../../support/directories.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

describe('a run over many directories', () => {
  let env: TestEnvironment;

  let type: FailureType;
  /** Workflow id of the child that adopts a batch after a reset, and the batch that its input does not fit. */
  let adopting: string | undefined;
  let adoptedBatchId: string | undefined;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), {
      activities: ({ openBatch, findEarlierChild }) => ({
        openBatch: (input: ProcessBatchInput) =>
          adoptedBatchId === input.batchId
            ? Promise.reject(ApplicationFailure.nonRetryable('a test', type))
            : openBatch(input),
        findEarlierChild: (input: Parameters<typeof findEarlierChild>[0]) =>
          input.workflowId === adopting
            ? Promise.resolve({ firstRunId: 'run-1', isOpen: false, batchId: adoptedBatchId ?? null })
            : findEarlierChild(input),
      }),
    });
  });

  afterAll(() => env?.close());

  // Options that are wrong in a way that the run itself has not noticed, and creates that LlamaCloud does not confirm.
  test.each(['InvalidInput', 'CreateOutcomeUnknown'] as const)(
    'no more batches are created after one fails with %s',
    async (failureType) => {
      type = failureType;
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) ids.push((await env.emulator.addDirectory(files(1))).id);
      const run = await env.batches.startDirectories({ ...parseAll(ids), maxConcurrentBatches: 1 });
      expect(isFailure(await failureOf(run.result()), type)).toBe(true);
      const report = await run.report();
      if (report === undefined) throw new Error('there is no report');
      expect(report.directories).toEqual({ total: 3, completed: 0, failed: 1, cancelled: 0, skipped: 2 });
      const lines = await directoryLines(report);
      expect(lines.map(({ status, error }) => [status, error?.type])).toEqual([
        ['FAILED', type],
        ['SKIPPED', 'Skipped'],
        ['SKIPPED', 'Skipped'],
      ]);
      const events = await env.history(run.workflowId);
      expect(events.filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes)).toHaveLength(1);
    },
  );

  test('a batch that a run adopts after a reset, and that does not fit, concerns its directory alone', async () => {
    type = 'InvalidInput';
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) ids.push((await env.emulator.addDirectory(files(1))).id);
    adopting = batchWorkflowId(parseInput(ids[0] ?? ''));
    adoptedBatchId = 'bat-odd';
    const run = await env.batches.startDirectories({ ...parseAll(ids), maxConcurrentBatches: 1 });
    const lines = await directoryLines(await run.result());
    expect(lines.map(({ status, batchId, error }) => [status, batchId === adoptedBatchId, error?.type])).toEqual([
      ['FAILED', true, 'InvalidInput'],
      ['COMPLETED', false, undefined],
    ]);
  });
});
