import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFailure } from '../../../src/index.js';
import { directoryLines, parseAll } from '../../support/directories.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { files, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

/** The options of the run are wrong in a way that the run itself has not noticed. */
async function openBatch(): Promise<never> {
  throw ApplicationFailure.nonRetryable('collect: does not fit the job type', 'InvalidInput');
}

describe('a run over many directories', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { activities: { openBatch } });
  });

  afterAll(() => env?.close());

  test('no more batches are created after one fails with InvalidInput', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await env.emulator.addDirectory(files(1))).id);
    const run = await env.batches.startDirectories({ ...parseAll(ids), maxConcurrentBatches: 1 });
    expect(isFailure(await failureOf(run.result()), 'InvalidInput')).toBe(true);
    const report = await run.report();
    if (report === undefined) throw new Error('there is no report');
    expect(report.directories).toEqual({ total: 3, completed: 0, failed: 1, cancelled: 0, skipped: 2 });
    const lines = await directoryLines(report);
    expect(lines.map(({ status, error }) => [status, error?.type])).toEqual([
      ['FAILED', 'InvalidInput'],
      ['SKIPPED', 'Skipped'],
      ['SKIPPED', 'Skipped'],
    ]);
    const events = await env.history(run.workflowId);
    expect(events.filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes)).toHaveLength(1);
  });
});
