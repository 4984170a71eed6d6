import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { startRun } from './support.js';

const HOUR = 3_600_000;

/** Batches here end when the test says so. */
describe('files that had no job when their batch was cancelled or their run stopped, on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { batchRunningMs: HOUR, batchCancelMs: 0 } });
  });

  afterEach(() => {
    env.emulator.configure({ lateRowsShare: 0, lateRowsMs: 0, lateJobsMs: 0 });
  });

  afterAll(() => env?.close());

  test.each<[string, object, (run: { cancel(): Promise<void> }, batchId: string) => unknown]>([
    ['the run is cancelled', {}, (run) => run.cancel()],
    ['the run passes its deadline', { timeout: '20 seconds' }, () => undefined],
    ['somebody cancels the batch', {}, (_, batchId) => env.emulator.batches.setStatus(batchId, 'CANCELLED')],
  ])('are cancelled, not failed, when %s', async (_, options, act) => {
    const { run, batch, untilWaiting } = await startRun(env, 6, options);
    await untilWaiting();
    await act(run, batch.id);
    await failureOf(run.result());
    const report = await run.report();
    expect(report).toMatchObject({ status: 'CANCELLED', files: { total: 6, failed: 0, skipped: 0 } });
    const lines = await env.manifest(report?.manifest ?? null);
    const unmapped = lines.filter(({ jobId }) => jobId === null);
    expect(unmapped.length).toBeGreaterThan(0);
    expect(unmapped).toEqual(
      unmapped.map((line) => ({
        ...line,
        status: 'CANCELLED',
        error: { type: 'FileNotMapped', message: 'the batch was cancelled before a job was created for this file' },
      })),
    );
  });

  test('are skipped, not failed, when the run is cancelled before a COMPLETED batch gives them a job', async () => {
    env.emulator.configure({ lateRowsShare: 0.5, lateRowsMs: 0, lateJobsMs: HOUR });
    const { run, batch } = await startRun(env, 4, { resultsGracePeriod: '4 seconds' });
    env.emulator.batches.finish(batch.id);
    await until('the results to be read', async () => (await run.progress()).phase === 'expanding');
    await run.cancel();
    await failureOf(run.result());
    const report = await run.report();
    expect(report?.files).toMatchObject({ total: 4, failed: 0, skipped: 2 });
    const skipped = (await env.manifest(report?.manifest ?? null)).filter(({ status }) => status === 'SKIPPED');
    expect(skipped.map(({ error }) => error?.message)).toEqual(
      Array(2).fill('the run was stopped before LlamaCloud had created a job for this file'),
    );
  });
});
