import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTimeSkippingTemporal, TARGETS, type TimeSkippingTemporal } from '../../../src/testing/index.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

const MINUTE = 60_000;

describe('time for the jobs of a batch, on the time-skipping server', () => {
  let temporal: TimeSkippingTemporal;
  let env: TestEnvironment;

  // A server for each test: it stops skipping time if an activity is cancelled during an attempt, and the tests after that would wait in real time.
  beforeEach(async () => {
    temporal = await startTimeSkippingTemporal();
    env = await startTestEnvironment(temporal);
  });

  afterEach(async () => {
    await env?.close();
    await temporal?.close();
  });

  /** Runs a batch to its end, and tells how long that took by the server's clock. */
  async function runToEnd(count: number, options: object) {
    const { id } = await env.emulator.addDirectory(files(count));
    const run = await env.batches.start({
      ...parseInput(id),
      poll: { latencyRatio: 1, maximumInterval: '10 minutes' },
      ...options,
    });
    const { startTime } = await env.client.workflow.getHandle(run.workflowId, run.runId).describe();
    const report = await run.result();
    const { closeTime } = await env.client.workflow.getHandle(run.workflowId).describe();
    return { report, tookMs: (closeTime?.getTime() ?? Number.NaN) - startTime.getTime() };
  }

  test('is counted from when results were first read, and is the same for every page', async () => {
    env.emulator.configure({ jobRunningMs: Number.POSITIVE_INFINITY });
    const { report, tookMs } = await runToEnd(3, { pageSize: 1, jobTimeout: '1 hour' });
    env.emulator.configure({ jobRunningMs: 0 });
    expect(report.files).toMatchObject({ total: 3, failed: 3 });
    expect(new Set(report.failures.map(({ type }) => type))).toEqual(new Set(['JobTimedOut']));
    expect(report.failures[0]?.message).toMatch(
      /^job pjb-\S+ of 000\d\.md was not collected in time; last: job pjb-\S+ is RUNNING/,
    );
    expect(tookMs).toBeGreaterThan(60 * MINUTE);
    // The document of each page has two minutes, in case that its job has just ended.
    expect(tookMs).toBeLessThan(75 * MINUTE);
  });

  test('does not pass while the results are null', async () => {
    let reads = 0;
    env.emulator.configure({ jobRunningMs: Number.POSITIVE_INFINITY });
    const restore = env.emulator.rewrite(TARGETS.getBatch, (body) =>
      Object(body).results == null || ++reads > 2 ? body : { ...Object(body), results: null },
    );
    const poll = { initialInterval: '10 minutes', maximumInterval: '10 minutes' };
    const { report, tookMs } = await runToEnd(1, { jobTimeout: '5 minutes', poll });
    restore();
    env.emulator.configure({ jobRunningMs: 0 });
    expect(report.failures).toMatchObject([{ type: 'JobTimedOut' }]);
    expect(tookMs).toBeGreaterThan(25 * MINUTE);
  });

  test.each(['truncated-close-delimited', 'truncated', 'signature-mismatch'] as const)(
    'does not have to pass before a document that is never whole is a failed file: %s',
    async (kind) => {
      env.emulator.configure({ inlineLimitBytes: 0 });
      env.emulator.faults.next({ kind, ...TARGETS.download, times: 1e6 });
      const { report, tookMs } = await runToEnd(1, {});
      env.emulator.faults.clear();
      expect(report).toMatchObject({ files: { total: 1, failed: 1 }, bytes: 0 });
      expect(report.failures).toMatchObject([{ type: 'UnexpectedResponse' }]);
      expect(report.failures[0]?.message).toContain("document can't be downloaded");
      expect(tookMs).toBeLessThan(10 * MINUTE);
    },
  );

  test('is enough for a document that comes whole at the fourth URL', async () => {
    env.emulator.configure({ inlineLimitBytes: 0 });
    for (const kind of ['truncated-close-delimited', 'partial', 'html'] as const)
      env.emulator.faults.next({ kind, ...TARGETS.download });
    const { report } = await runToEnd(1, {});
    expect(report).toMatchObject({ files: { completed: 1 }, bytes: '# File 0\n'.length });
  });
});
