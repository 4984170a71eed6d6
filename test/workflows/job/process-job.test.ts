import { randomUUID } from 'node:crypto';
import type { Duration } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_JOB_TIMEOUT_MS, type ProcessJobInput, WORKFLOW_TYPES } from '../../../src/protocol/index.js';
import { openNamespace } from '../../support/namespace.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';

describe('processJob', () => {
  let env: TestEnvironment;
  let input: ProcessJobInput;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace());
    const { id } = await env.emulator.addDirectory([{ name: 'a.md', content: '# A\n' }]);
    const report = await (await env.batches.start(parseInput(id))).result();
    const [line] = await env.manifest(report.manifest);
    if (line?.jobId == null) throw new Error('there is no job');
    input = {
      fileId: line.fileId,
      jobId: line.jobId,
      type: 'parse_v2',
      batchId: report.batchId,
      timeoutMs: DEFAULT_JOB_TIMEOUT_MS,
      collectLocally: true,
    };
  });

  afterAll(() => env?.close());

  /** Events of a run that gets its first workflow task after so long. */
  async function eventsOf(startDelay: Duration) {
    const workflowId = `job-${randomUUID()}`;
    const options = { workflowId, taskQueue: env.taskQueue, args: [input], startDelay };
    const handle = await env.client.workflow.start(WORKFLOW_TYPES.processJob, options);
    await handle.result();
    return env.history(workflowId);
  }

  test('collects the document of a job that has ended by a local activity', async () => {
    const events = await eventsOf(0);
    expect(events.some(({ markerRecordedEventAttributes }) => markerRecordedEventAttributes != null)).toBe(true);
    expect(
      events.some(({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes != null),
    ).toBe(false);
  });

  test('collects it by an activity where a workflow task may have been lost with its worker', async () => {
    const events = await eventsOf('11 seconds');
    expect(events.some(({ markerRecordedEventAttributes }) => markerRecordedEventAttributes != null)).toBe(false);
    const scheduled = events.filter((event) => event.activityTaskScheduledEventAttributes != null);
    expect(scheduled).toHaveLength(1);
  });
});
