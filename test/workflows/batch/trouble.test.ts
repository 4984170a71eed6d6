import { temporal as proto } from '@temporalio/proto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TARGETS } from '../../../src/testing/index.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';
import { startRun } from './support.js';

const HOUR = 3_600_000;

/** Limit of Temporal for the failure of an activity that is being retried. */
const MAX_FAILURE_BYTES = 4_096;

describe('a run that meets errors, on a real server', () => {
  let env: TestEnvironment;
  let isStopBroken = false;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), {
      emulator: { batchRunningMs: HOUR },
      activities: ({ cancelJobs }) => ({
        cancelJobs: async (...args: Parameters<typeof cancelJobs>) => (isStopBroken ? null : cancelJobs(...args)),
      }),
    });
  });

  afterEach(() => {
    env.emulator.faults.clear();
    isStopBroken = false;
  });

  afterAll(() => env?.close());

  test('during an outage the run shows what LlamaCloud says, however it says it', async () => {
    const { run, batch, untilWaiting } = await startRun(env, 1);
    await untilWaiting();
    for (const [status, detail] of [
      [503, 'The database is down. '.repeat(500)],
      [502, 'データベースが停止しています'.repeat(500)],
      [500, { detail: Array.from({ length: 300 }, (_, i) => ({ loc: ['body', i], msg: 'ä|`'.repeat(20) })) }],
    ] as const) {
      env.emulator.faults.clear();
      env.emulator.faults.next({ kind: 'status', status, detail, ...TARGETS.getBatch, times: 1_000 });
      const failure = await until(`the ${status} to show`, async () => {
        const { raw } = await env.client.workflow.getHandle(run.workflowId).describe();
        const failures = (raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure);
        const isShown = (message = '') => message.includes(`${status}`) || message.includes('size limit');
        return failures.find((each) => isShown(each?.message ?? undefined)) ?? undefined;
      });
      expect(failure.message).toContain(batch.id);
      expect(failure.message).toContain(`${status}`);
      expect(proto.api.failure.v1.Failure.encode(failure).finish().length).toBeLessThan(MAX_FAILURE_BYTES);
    }
    env.emulator.faults.clear();
    env.emulator.batches.finish(batch.id);
    expect((await run.result()).files.completed).toBe(1);
  });

  test('a message of LlamaCloud and a file name make no Markdown in the details', async () => {
    const nasty = '\\`[x](http://evil.example) | a\n# b';
    const { id } = await env.emulator.addDirectory([{ name: '`[x](http://evil.example)|.pdf', content: '' }]);
    const run = await env.batches.start({
      directoryId: id,
      job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
    });
    const batch = await env.untilCreated(id);
    env.emulator.batches.setResults(
      batch.id,
      (rows) => rows?.map((row) => ({ ...row, job_reference: null, error_message: nasty })) ?? null,
    );
    env.emulator.batches.finish(batch.id);
    expect((await run.result()).files.failed).toBe(1);
    const details = await env.details(run.workflowId);
    expect(details).toContain('http://evil.example');
    expect(details.replace(/`[^`\n]*`/g, '')).not.toContain('evil');
  });

  test('a bug in workflow code of the stop fails the workflow task', async () => {
    isStopBroken = true;
    const { run, batch, untilWaiting } = await startRun(env, 1);
    await untilWaiting();
    await run.cancel();
    const failed = await until('the workflow task to fail', async () => {
      const events = await env.history(run.workflowId);
      return events.find((event) => event.workflowTaskFailedEventAttributes);
    });
    expect(failed.workflowTaskFailedEventAttributes?.failure?.message).toMatch(/null/);
    expect((await env.client.workflow.getHandle(run.workflowId).describe()).status.name).toBe('RUNNING');
    expect(env.emulator.batches.list().find(({ id }) => id === batch.id)?.status).toBe('CANCELLED');
    await env.client.workflow.getHandle(run.workflowId).terminate();
  });

  test('a run that a person resets while it waits goes on with its batch', async () => {
    const { run, batch, untilWaiting } = await startRun(env, 1);
    await untilWaiting();
    const events = await env.history(run.workflowId);
    const task = events.findLast((event) => event.workflowTaskCompletedEventAttributes);
    await env.client.workflowService.resetWorkflowExecution({
      namespace: env.client.options.namespace,
      workflowExecution: {
        workflowId: run.workflowId,
        runId: events[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? null,
      },
      workflowTaskFinishEventId: task?.eventId ?? null,
      requestId: `reset-${run.workflowId}`,
      reason: 'a person wants so',
    });
    env.emulator.batches.finish(batch.id);
    const report = await env.batches.attach(run.workflowId).result();
    expect(report).toMatchObject({ batchId: batch.id, files: { completed: 1 } });
    expect(env.emulator.batches.list().filter(({ directoryId }) => directoryId === batch.directoryId)).toHaveLength(1);
  });

  test('a given batch that is not there fails the run at once, and the run says so', async () => {
    const run = await env.batches.start({ batchId: 'bat-none' });
    expect(await failureOf(run.result())).toMatchObject({ type: 'NotFound' });
    expect(await run.progress()).toMatchObject({ phase: 'failed', failure: { type: 'NotFound' } });
    expect(await env.details(run.workflowId)).toMatch(/^### Failed\n\n`NotFound`/);
  });
});
