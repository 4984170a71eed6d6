import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTimeSkippingTemporal, TARGETS, type TimeSkippingTemporal } from '../../../src/testing/index.js';
import { files, parse, type Stage, setStage } from '../../support/stage.js';

const MINUTE = 60_000;

describe('time for the jobs of a batch, on the time-skipping server', () => {
  let temporal: TimeSkippingTemporal;
  let stage: Stage;

  beforeAll(async () => {
    temporal = await startTimeSkippingTemporal();
    stage = await setStage(temporal);
  });

  afterAll(async () => {
    await stage?.close();
    await temporal?.close();
  });

  /** Runs a batch to its end, and tells how long that took by the server's clock. */
  async function runToEnd(count: number, options: object) {
    const { id } = await stage.emulator.addDirectory(files(count));
    const run = await stage.batches.start({ ...parse(id), poll: { backoffCoefficient: 2 }, ...options });
    const { startTime } = await stage.client.workflow.getHandle(run.workflowId, run.runId).describe();
    const report = await run.result();
    const { closeTime } = await stage.client.workflow.getHandle(run.workflowId).describe();
    return { report, tookMs: (closeTime?.getTime() ?? Number.NaN) - startTime.getTime() };
  }

  test('is counted from when results were first read, and is the same for every page', async () => {
    stage.emulator.configure({ jobRunningMs: Number.POSITIVE_INFINITY });
    const { report, tookMs } = await runToEnd(4, { pageSize: 1, jobTimeout: '1 hour' });
    stage.emulator.configure({ jobRunningMs: 0 });
    expect(report.files).toMatchObject({ total: 4, failed: 4 });
    expect(new Set(report.failures.map(({ type }) => type))).toEqual(new Set(['JobTimedOut']));
    expect(report.failures[0]?.message).toMatch(
      /^job pjb-\S+ of 000\d\.md was not collected in time; last: job pjb-\S+ is RUNNING/,
    );
    expect(tookMs).toBeGreaterThan(60 * MINUTE);
    // The document of each page has two minutes, in case that its job has just ended.
    expect(tookMs).toBeLessThan(75 * MINUTE);
  });

  test.each(['truncated-close-delimited', 'truncated', 'signature-mismatch'] as const)(
    'does not have to pass before a document that is never whole is a failed file: %s',
    async (kind) => {
      stage.emulator.configure({ inlineLimitBytes: 0 });
      stage.emulator.faults.next({ kind, ...TARGETS.download, times: 1e6 });
      const { report, tookMs } = await runToEnd(1, {});
      stage.emulator.faults.clear();
      expect(report).toMatchObject({ files: { total: 1, failed: 1 }, bytes: 0 });
      expect(report.failures).toMatchObject([{ type: 'UnexpectedResponse' }]);
      expect(report.failures[0]?.message).toContain("document can't be downloaded");
      expect(tookMs).toBeLessThan(10 * MINUTE);
    },
  );

  test('is enough for a document that comes whole at the fourth URL', async () => {
    stage.emulator.configure({ inlineLimitBytes: 0 });
    for (const kind of ['truncated-close-delimited', 'partial', 'html'] as const)
      stage.emulator.faults.next({ kind, ...TARGETS.download });
    const { report } = await runToEnd(1, {});
    expect(report).toMatchObject({ files: { completed: 1 }, bytes: '# File 0\n'.length });
  });
});
