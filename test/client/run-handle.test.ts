import { Client, Connection, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { BATCH_ID_MEMO, BatchClient, NoWorkerError, RunNotReadyError } from '../../src/index.js';
import { openNamespace, type TestNamespace } from '../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../support/test-environment.js';
import { until } from '../support/until.js';

let temporal: TestNamespace;
let env: TestEnvironment;

beforeAll(async () => {
  temporal = await openNamespace();
  env = await startTestEnvironment(temporal, { emulator: { batchRunningMs: 3_600_000 } });
});

afterAll(() => env?.close());

describe('progress', () => {
  test('without a worker is an error that names the task queue, after 10 seconds by default', async () => {
    const batches = new BatchClient({ client: temporal.client, taskQueue: 'nobody-polls-this' });
    const run = await batches.start(parseInput('dir-without-worker'));
    await expect(run.progress()).rejects.toMatchObject({
      name: 'NoWorkerError',
      message:
        'No worker of task queue nobody-polls-this answered in time. Check that one is running, and not overloaded.',
      taskQueue: 'nobody-polls-this',
      cause: expect.any(ServiceError),
    });
    await run.cancel();
  });

  test('without a worker is the same error for a client with a native connection, after the time that is given', async () => {
    const client = new Client({ connection: temporal.nativeConnection, namespace: temporal.namespace });
    const taskQueue = 'nobody-polls-this-either';
    const patient = new BatchClient({ client, taskQueue, workerTimeoutMs: 3_600_000 });
    const run = await patient.start(parseInput('dir-without-worker'), { workflowId: 'native' });
    await expect(run.progress({ timeoutMs: 1_000 })).rejects.toBeInstanceOf(NoWorkerError);
    const impatient = new BatchClient({ client, taskQueue, workerTimeoutMs: 1_000 }).attach(run.workflowId);
    const startedMs = Date.now();
    await expect(Promise.any([impatient.progress(), impatient.pause()])).rejects.toMatchObject({
      errors: [expect.any(NoWorkerError), expect.any(NoWorkerError)],
    });
    expect(Date.now() - startedMs).toBeLessThan(9_000);
    await run.cancel();
  });

  test('of a run that starts later is an error that says so, also where no worker polls', async () => {
    const batches = new BatchClient({ client: temporal.client, taskQueue: 'nobody-polls-this' });
    const run = await batches.start(parseInput('dir-later'), { startDelay: '1 hour' });
    await expect(run.progress()).rejects.toMatchObject({
      name: 'RunNotReadyError',
      message: expect.stringContaining(`Run ${run.workflowId} has not started yet`),
      reason: 'not-started',
      cause: expect.any(ServiceError),
    });
    const native = new BatchClient({
      client: new Client({ connection: temporal.nativeConnection, namespace: temporal.namespace }),
    });
    await expect(native.attach(run.workflowId).progress()).rejects.toBeInstanceOf(RunNotReadyError);
    await run.cancel();
  });

  test('of a run whose workflow task keeps failing is an error that says so, although its worker runs', async () => {
    const env = await startTestEnvironment(temporal);
    const { workflowId } = await env.client.workflow.start('resumeAs', {
      workflowId: 'with-a-bug',
      taskQueue: env.taskQueue,
      // A state that no version has written.
      args: ['processBatch', parseInput('dir-bug'), { phase: 'opening', opened: {}, batchId: 'bat-1' }],
    });
    const run = env.batches.attach(workflowId);
    await until('the third attempt of the workflow task', async () => {
      const { raw } = await env.client.workflow.getHandle(workflowId).describe();
      return (raw.pendingWorkflowTask?.attempt ?? 0) >= 3;
    });
    await expect(run.progress()).rejects.toMatchObject({
      name: 'RunNotReadyError',
      message: expect.stringContaining(`Run ${workflowId} cannot answer: its workflow task has failed`),
      reason: 'workflow-task-failing',
    });
    await env.client.workflow.getHandle(workflowId).terminate();
    await env.close();
  });

  test('that the caller aborts is not a NoWorkerError', async () => {
    const batches = new BatchClient({
      client: temporal.client,
      taskQueue: 'nobody-polls-this',
      workerTimeoutMs: 3_600_000,
    });
    const run = await batches.start(parseInput('dir-aborted'));
    const abort = new AbortController();
    // The SDK listens to the signal once for each request: the description of the run, then the query and the pause of the account.
    const listen = vi.spyOn(abort.signal, 'addEventListener');
    const asking = temporal.client.withAbortSignal(abort.signal, () => batches.attach(run.workflowId).progress());
    await vi.waitFor(() => expect(listen).toHaveBeenCalledTimes(3), { timeout: 300_000 });
    abort.abort();
    const error = await asking.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(NoWorkerError);
    await run.cancel();
  });

  test('says what blocks the run, and null once nothing does', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    env.emulator.faults.next({
      kind: 'status',
      status: 429,
      retryAfter: 2,
      detail: 'moving house',
      method: 'GET',
      path: '/api/v2/batches',
    });
    const run = await env.batches.start(parseInput(id));
    const blockedBy = await until('the failure to show', async () => (await run.progress()).blockedBy ?? undefined);
    expect(blockedBy).toContain('moving house');
    const batch = await env.untilCreated(id);
    await until('the run to go on', async () => (await run.progress()).blockedBy === null);
    env.emulator.batches.finish(batch.id);
    await run.result();
    expect(await run.progress()).toMatchObject({ phase: 'completed', blockedBy: null });
  });

  test('says what blocks the child of a file, also of a run over many directories', async () => {
    const env = await startTestEnvironment(temporal);
    onTestFinished(() => env.close());
    const refused = { kind: 'status', status: 503, detail: 'moving house', times: Number.POSITIVE_INFINITY } as const;
    env.emulator.faults.next({ ...refused, method: 'GET', path: /^\/api\/v2\/parse\/./ });
    for (const id of ['dir-one', 'dir-other']) await env.emulator.addDirectory(files(1), { id });
    const runs = [
      await env.batches.start(parseInput('dir-one')),
      await env.batches.startDirectories({ directoryIds: ['dir-other'], job: parseInput('dir-other').job }),
    ];
    for (const run of runs) {
      const blockedBy = await until('the failure to show', async () => (await run.progress()).blockedBy ?? undefined);
      expect(blockedBy).toMatch(/^job pjb-\S+ of 0000\.md: .*moving house/);
    }
    env.emulator.faults.clear();
    await Promise.all(runs.map((run) => run.result()));
    for (const run of runs) expect(await run.progress()).toMatchObject({ phase: 'completed', blockedBy: null });
  });
});

describe('a report', () => {
  test('of a workflow that does not exist is an error, not a run without a batch', async () => {
    const batches = new BatchClient({ client: temporal.client });
    await expect(batches.attach('nobody-started-this').report()).rejects.toBeInstanceOf(WorkflowNotFoundError);
    await expect(batches.attachDirectories('nobody-started-this').report()).rejects.toBeInstanceOf(
      WorkflowNotFoundError,
    );
  });

  test('that can not be asked for is an error, not a run without a batch', async () => {
    const connection = await Connection.connect({ address: temporal.address });
    const batches = new BatchClient({ client: new Client({ connection, namespace: temporal.namespace }) });
    const run = batches.attach('any');
    await connection.close();
    await expect(run.report()).rejects.toBeInstanceOf(ServiceError);
  });

  test('that can not be decoded is an error, not a run without a batch', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const { workflowId } = await env.batches.start(parseInput(id));
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    await env.batches.attach(workflowId).result();
    const undecodable = {
      encode: async (payloads: Payload[]) => payloads,
      decode: async (payloads: Payload[]) => {
        // The memo can be decoded, so that nothing but the result is in the way.
        if (payloads.some(({ data }) => Buffer.from(data ?? []).includes('"manifest"'))) throw new Error('another key');
        return payloads;
      },
    };
    const client = new Client({
      connection: temporal.client.connection,
      namespace: temporal.namespace,
      dataConverter: { payloadCodecs: [undecodable] },
    });
    await expect(new BatchClient({ client }).attach(workflowId).report()).rejects.toThrow('another key');
  });

  test('of a run that ended before there was a batch is undefined', async () => {
    const batches = new BatchClient({ client: temporal.client });
    const run = await batches.start({ directoryId: 'dir-1', job: { type: 'parse_v2', configurationId: 'cfg-1' } });
    // No worker has it, so there is nothing but the termination.
    await temporal.client.workflow.getHandle(run.workflowId).terminate();
    expect(await run.report()).toBeUndefined();
  });

  test('of a run that was terminated is undefined, and the memo has the id of its batch', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const run = await env.batches.start(parseInput(id));
    await until('the batch id', async () => (await run.progress()).batchId ?? undefined);
    const handle = temporal.client.workflow.getHandle(run.workflowId);
    await handle.terminate();
    expect(await run.report()).toBeUndefined();
    expect((await handle.describe()).memo?.[BATCH_ID_MEMO]).toBe((await env.untilCreated(id)).id);
  });

  test('of a run that continued as new is found by its first run id, also after another run has taken its workflow id', async () => {
    const env = await startTestEnvironment(temporal, { emulator: { batchRunningMs: 3_600_000 } });
    const { id } = await env.emulator.addDirectory(files(1));
    const workflowId = 'taken-again';
    const { firstExecutionRunId } = await env.client.workflow.start('resumeAs', {
      workflowId,
      taskQueue: env.taskQueue,
      args: ['processBatch', parseInput(id)],
    });
    const run = env.batches.attach(workflowId, firstExecutionRunId);
    const batch = await env.untilCreated(id);
    await until('the batch id', async () => (await run.progress()).batchId ?? undefined);
    await run.cancel();
    await run.result().catch(() => undefined);
    const other = await env.batches.start(parseInput('dir-none'), { workflowId });
    await other.result().catch(() => undefined);

    expect(await run.report()).toMatchObject({ batchId: batch.id, status: 'CANCELLED' });
    expect(await run.progress()).toMatchObject({ phase: 'cancelled', batchId: batch.id });
    await env.close();
  });
});
