import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFailure } from '../../../src/index.js';
import { failureOf, reportIn } from '../../support/failure.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

const HOUR = 3_600_000;

/** Batches here end when the test says so. */
describe('a run that fails or is cancelled, on a real server', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    env = await startTestEnvironment(await openNamespace(), { emulator: { batchRunningMs: HOUR } });
  });

  afterAll(() => env?.close());

  const start = async (count: number, options: object = {}) => {
    const { id } = await env.emulator.addDirectory(files(count));
    const run = await env.batches.start({ ...parseInput(id), poll: { maximumInterval: 1_000 }, ...options });
    const batch = await env.untilCreated(id);
    return { run, batch, status: () => env.emulator.batches.list().find((each) => each.id === batch.id)?.status };
  };
  const cancels = (batchId: string) =>
    env.emulator.requests.filter((request) => request.path === `/api/v2/batches/${batchId}/cancel`).length;

  test('a failed batch fails the run, and nothing is fanned out', async () => {
    const { run, batch } = await start(3);
    // Results that are there all the same, and not to be relied on.
    const results = batch.files.map(({ fileId, jobId }) => ({
      source_directory_file_id: fileId,
      job_reference: { type: 'parse_v2', id: jobId },
      error_message: null,
    }));
    env.emulator.batches.setResults(batch.id, () => results);
    env.emulator.batches.finish(batch.id);
    env.emulator.batches.setStatus(batch.id, 'FAILED');
    const failure = await failureOf(run.result());
    expect(isFailure(failure, 'BatchFailed')).toBe(true);
    expect(failure.message).toContain(batch.id);
    expect(failure.message).toContain('Starting again creates, and bills, a new batch.');
    expect(reportIn(failure)).toMatchObject({ batchId: batch.id, status: 'FAILED', manifest: null });
    const events = await env.history(run.workflowId);
    const children = events.flatMap((event) => event.startChildWorkflowExecutionInitiatedEventAttributes ?? []);
    expect(children.map(({ workflowType }) => workflowType?.name)).toEqual(['createBatch']);
    expect(await env.details(run.workflowId)).toMatch(/^### Failed\n\n`BatchFailed` `batch bat-/);
    expect(await run.progress()).toMatchObject({ phase: 'failed', failure: { type: 'BatchFailed' } });
  });

  test('a batch that somebody cancelled fails the run, after what had finished was collected', async () => {
    const { run, batch } = await start(2);
    env.emulator.batches.finish(batch.id);
    env.emulator.batches.setStatus(batch.id, 'RUNNING');
    await until('its jobs to finish', () =>
      env.emulator.jobs.list().every((job) => job.batchId !== batch.id || job.status === 'COMPLETED'),
    );
    env.emulator.batches.setStatus(batch.id, 'CANCELLED');
    const failure = await failureOf(run.result());
    expect(isFailure(failure, 'BatchCancelled')).toBe(true);
    const report = reportIn(failure);
    expect(report.files).toMatchObject({ total: 2, completed: 2 });
    expect(await env.manifest(report.manifest)).toHaveLength(2);
    expect(cancels(batch.id)).toBe(0);
  });

  test('cancelling a run cancels the remote batch, waits for it to stop, and ends as cancelled', async () => {
    const { run, batch, status } = await start(1);
    await until('the run to wait', async () => (await run.progress()).phase === 'waiting');
    await run.cancel();
    const failure = await failureOf(run.result());
    expect(failure.name).toBe('CancelledFailure');
    expect(status()).toBe('CANCELLED');
    expect(cancels(batch.id)).toBeGreaterThan(0);
    expect(await run.report()).toMatchObject({ batchId: batch.id, status: 'CANCELLED', files: { total: 1 } });
    expect(await env.details(run.workflowId)).toContain('### Cancelled');
    expect((await run.progress()).failure?.message).toContain(`${batch.id} had been collected; the batch is CANCELLED`);
  });

  test('a stop asks for its cancels before the documents that wait in the task queue', async () => {
    const { run } = await start(1);
    await until('the run to wait', async () => (await run.progress()).phase === 'waiting');
    await run.cancel();
    await failureOf(run.result());
    const scheduled = (await env.history(run.workflowId)).flatMap(
      ({ activityTaskScheduledEventAttributes: activity }) => activity ?? [],
    );
    const keys = new Map(scheduled.map(({ activityType, priority }) => [activityType?.name, priority?.priorityKey]));
    // Temporal's default is 3, and 1 is the first.
    expect([keys.get('cancelBatch'), keys.get('cancelJobs')]).toEqual([1, 1]);
    expect(keys.get('waitForBatch') ?? 0).toBe(0);
  });

  test('a run may leave the remote batch running when it stops', async () => {
    const { run, batch, status } = await start(1, { onStop: 'leave' });
    await until('the run to wait', async () => (await run.progress()).phase === 'waiting');
    await run.cancel();
    await failureOf(run.result());
    expect(status()).toBe('RUNNING');
    expect(cancels(batch.id)).toBe(0);
    expect((await run.progress()).failure?.message).toMatch(
      /; the batch was left running \(last status (PENDING|RUNNING)\)$/,
    );
    expect(await run.report()).toMatchObject({ status: expect.stringMatching(/PENDING|RUNNING/) });
  });

  test('a run that leaves a COMPLETED batch does not say that it runs', async () => {
    const { run, batch } = await start(1, { onStop: 'leave', child: { workflowType: 'holdDocument' } });
    env.emulator.batches.finish(batch.id);
    await until('the child', async () => (await run.progress()).running === 1);
    await run.cancel();
    await failureOf(run.result());
    expect((await run.progress()).failure?.message).toMatch(
      /; the batch is COMPLETED, and its jobs were not cancelled$/,
    );
  });

  test('a child that nobody runs holds up neither the deadline nor a cancellation', async () => {
    const options = { child: { taskQueue: 'nobody-is-there' }, timeout: '25 seconds' };
    const late = await start(2, options);
    env.emulator.batches.finish(late.batch.id);
    const failure = await failureOf(late.run.result());
    expect(isFailure(failure, 'BatchTimedOut')).toBe(true);
    expect(reportIn(failure).files).toMatchObject({ total: 2, skipped: 2 });
    expect(await late.run.progress()).toMatchObject({ phase: 'failed', failure: { type: 'BatchTimedOut' } });

    const { run, batch } = await start(1, { child: options.child });
    env.emulator.batches.finish(batch.id);
    await until('the child', async () => (await run.progress()).running === 1);
    await run.cancel();
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');
  });

  test('cancelling a run that is collecting cancels its open children and its jobs, and lists every file', async () => {
    env.emulator.configure({ jobRunningMs: HOUR });
    const { run, batch } = await start(4, { maxConcurrentJobs: 2 });
    // Then each child waits for its own job.
    env.emulator.faults.next({ kind: 'status', status: 422, path: '/api/v2/parse' });
    env.emulator.batches.finish(batch.id);
    await until(
      'its jobs',
      () => env.emulator.jobs.running().filter(({ batchId }) => batchId === batch.id).length === 4,
    );
    await until('two open children', async () => (await run.progress()).running === 2);
    await run.cancel();
    await failureOf(run.result());
    env.emulator.configure({ jobRunningMs: 0 });
    const { files: counts, manifest } = await run.progress();
    expect(counts).toEqual({ total: 4, completed: 0, failed: 0, cancelled: 4, skipped: 0 });
    expect(await run.report()).toMatchObject({ manifest, files: counts });
    expect(await env.manifest(manifest)).toHaveLength(4);
    // The batch is COMPLETED, so it is its jobs that are cancelled.
    const posted = env.emulator.requests.filter(({ path }) => /\/parse\/[^/]+\/cancel$/.test(path));
    expect(posted.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for await (const child of env.client.workflow.list({ query: `ParentWorkflowId = '${run.workflowId}'` })) {
      expect(child.status.name).not.toBe('RUNNING');
    }
  });

  test.each([
    ['cancelled', {}],
    ['out of time', { timeout: '25 seconds' }],
  ])('what had finished of a batch that is still RUNNING is collected when its run is %s', async (how, options) => {
    const { run, batch, status } = await start(3, options);
    env.emulator.batches.finish(batch.id);
    env.emulator.batches.setStatus(batch.id, 'RUNNING');
    await until('its jobs to finish', () =>
      env.emulator.jobs.list().every((job) => job.batchId !== batch.id || job.status === 'COMPLETED'),
    );
    await until('the run to wait', async () => (await run.progress()).phase === 'waiting');
    if (how === 'cancelled') await run.cancel();
    await until('the batch to be cancelled', () => cancels(batch.id) > 0);
    env.emulator.batches.setStatus(batch.id, null);
    await failureOf(run.result());
    expect(status()).toBe('CANCELLED');
    const report = await run.report();
    expect(report?.files).toMatchObject({ total: 3, completed: 3 });
    expect(await env.manifest(report?.manifest ?? null)).toHaveLength(3);
  });

  test('a run that passes its deadline cancels the remote batch, and says so', async () => {
    const { run, batch, status } = await start(1, { timeout: '20 seconds' });
    const failure = await failureOf(run.result());
    expect(isFailure(failure, 'BatchTimedOut')).toBe(true);
    expect(failure.message).toMatch(
      /^the run's timeout of 20 s passed before batch bat-.* had been collected; the batch is CANCELLED/,
    );
    expect(reportIn(failure)).toMatchObject({ batchId: batch.id, status: 'CANCELLED', files: { total: 1 } });
    expect(status()).toBe('CANCELLED');
  });

  test('what goes wrong while polling never cancels the batch', async () => {
    const { run, batch } = await start(1);
    for (const status of [500, 503, 429, 401]) {
      env.emulator.faults.next({
        kind: 'status',
        status,
        path: `/api/v2/batches/${batch.id}`,
        headers: { 'retry-after': '1' },
      });
    }
    await until('the faults to be met', () =>
      [500, 503, 429, 401].every((status) =>
        env.emulator.requests.some((request) => request.path.endsWith(batch.id) && request.status === status),
      ),
    );
    env.emulator.batches.finish(batch.id);
    expect((await run.result()).files.completed).toBe(1);
    expect(cancels(batch.id)).toBe(0);
  });

  test('a poll that is rejected for good fails the run, and leaves the batch running', async () => {
    const { run, batch, status } = await start(1);
    env.emulator.faults.next({ kind: 'status', status: 400, method: 'GET', path: `/api/v2/batches/${batch.id}` });
    expect(isFailure(await failureOf(run.result()), 'RequestRejected')).toBe(true);
    expect(cancels(batch.id)).toBe(0);
    expect(status()).toBe('RUNNING');
  });

  // What the key rotation window stands on: the time of the first rejection is kept by the server, from attempt to attempt.
  test('what one attempt leaves in its heartbeat, the next one finds', async () => {
    const { run, batch } = await start(1);
    const path = `/api/v2/batches/${batch.id}`;
    env.emulator.faults.next({ kind: 'status', status: 403, path, retryAfter: 1, times: 5 });
    const leftAfter = (rejections: number) =>
      until(`${rejections} rejections`, async () => {
        const { raw } = await env.client.workflow.getHandle(run.workflowId).describe();
        const pending = raw.pendingActivities?.find(({ lastFailure }) => lastFailure?.message?.includes('403'));
        const [details] = pending?.heartbeatDetails?.payloads ?? [];
        const seen = env.emulator.requests.filter((request) => request.path === path && request.status === 403);
        if (seen.length < rejections || !details?.data) return undefined;
        const { failingSinceMs }: { failingSinceMs?: { NotAuthorized?: number } } = JSON.parse(
          Buffer.from(details.data).toString(),
        );
        return failingSinceMs?.NotAuthorized;
      });
    const first = await leftAfter(1);
    expect(await leftAfter(4)).toBe(first);
    env.emulator.batches.finish(batch.id);
    expect((await run.result()).files.completed).toBe(1);
  });

  test('an unknown status is shown, and waited out', async () => {
    const { run, batch } = await start(1);
    env.emulator.batches.setStatus(batch.id, 'REBALANCING');
    await until('the status to be shown', async () =>
      (await env.details(run.workflowId)).includes('| Status\u2003 | `REBALANCING` |'),
    );
    env.emulator.batches.setStatus(batch.id, null);
    env.emulator.batches.finish(batch.id);
    expect((await run.result()).status).toBe('COMPLETED');
  });

  test('an attempt while waiting is benign, and says when the next poll is', async () => {
    const { run, batch } = await start(1);
    const pending = await until('a look', async () => {
      const { raw } = await env.client.workflow.getHandle(run.workflowId).describe();
      return raw.pendingActivities?.find((activity) => activity.lastFailure?.message?.includes('next poll'));
    });
    expect(pending.lastFailure?.message).toMatch(/^batch bat-.* is RUNNING, next poll in \d+ s$/);
    expect(pending.lastFailure?.applicationFailureInfo?.category).toBe(1);
    env.emulator.batches.finish(batch.id);
    await run.result();
  });
});
