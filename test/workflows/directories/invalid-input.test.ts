import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FailureType, isFailure } from '../../../src/index.js';
import { directoryLines, parseAll } from '../../support/directories.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { files, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

describe('a run over many directories', () => {
  let env: TestEnvironment;

  let type: FailureType;

  beforeAll(async () => {
    const openBatch = () => Promise.reject(ApplicationFailure.nonRetryable('a test', type));
    env = await startTestEnvironment(await openNamespace(), { activities: { openBatch } });
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
});
