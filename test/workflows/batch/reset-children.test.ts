import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_JOB_TIMEOUT_MS } from '../../../src/protocol/index.js';
import { type LocalTemporal, startLocalTemporal } from '../../../src/testing/index.js';
import type { processBatch } from '../../../src/workflows/index.js';
import { resetWorkflow, untilEnded } from '../../support/creates.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { startRun } from './support.js';

describe('a run whose two children a person leaves open by a reset', () => {
  let temporal: LocalTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startLocalTemporal();
    env = await startTestEnvironment(temporal);
  });

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  /** Waits until the latest run has started its two children and has learned of it, and gives their workflow ids. */
  const untilStarted = (workflowId: string) =>
    until('the two children', async () => {
      const events = await env.history(workflowId);
      const started = events.filter(
        ({ childWorkflowExecutionStartedEventAttributes: child }) => child?.workflowType?.name === 'holdDocument',
      );
      const lastTask = events.findLast((event) => event.workflowTaskCompletedEventAttributes);
      const isKnown = started.length === 2 && Number(lastTask?.eventId) > Number(started[1]?.eventId);
      return (
        isKnown &&
        started.map((event) => event.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId ?? '')
      );
    });

  async function start() {
    const { run } = await startRun(env, 2, { child: { workflowType: 'holdDocument' } });
    return { workflowId: run.workflowId, children: await untilStarted(run.workflowId) };
  }

  /** Waits until a run after a reset has found that the ids of its children are taken. */
  const untilRefused = (workflowId: string) =>
    until('two refused starts', async () => {
      const events = await env.history(workflowId);
      return events.filter((event) => event.startChildWorkflowExecutionFailedEventAttributes).length >= 2;
    });

  const release = (children: string[]) =>
    Promise.all(children.map((id) => env.client.workflow.getHandle(id).signal('release')));

  test('waits for them as long as for their jobs, and then runs them again', async () => {
    const { workflowId, children } = await start();
    await resetWorkflow(env, workflowId);
    const limits = await until('the run to wait for both', async () => {
      const scheduled = (await env.history(workflowId)).map((event) => event.activityTaskScheduledEventAttributes);
      const waits = scheduled.filter((activity) => activity?.activityType?.name === 'waitForEarlierChild');
      return waits.length === 2 && waits.map((activity) => Number(activity?.scheduleToCloseTimeout?.seconds));
    });
    for (const seconds of limits) expect(seconds).toBeGreaterThan(DEFAULT_JOB_TIMEOUT_MS / 1_000 - 120);
    await release(children);
    await release(await untilStarted(workflowId));
    const { files } = await env.client.workflow.getHandle<typeof processBatch>(workflowId).result();
    expect(files).toMatchObject({ total: 2, completed: 2, failed: 0 });
  });

  test.each(['their start', 'the last workflow task'])('to before %s, and then cancels, cancels them', async (to) => {
    const { workflowId, children } = await start();
    const events = await env.history(workflowId);
    const tasks = events.filter((event) => event.workflowTaskCompletedEventAttributes != null);
    await resetWorkflow(env, workflowId, { task: to === 'their start' ? 0 : tasks.length - 1 });
    if (to === 'their start') await untilRefused(workflowId);
    await env.client.workflow.getHandle(workflowId).cancel();
    for (const child of children) expect(await untilEnded(env.client, child)).toBe('CANCELLED');
    expect(await untilEnded(env.client, workflowId)).toBe('CANCELLED');
  });
});
