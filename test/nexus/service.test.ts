import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type NexusInterceptorsFactory, Worker } from '@temporalio/worker';
import { HandlerError } from 'nexus-rpc';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { batchWorkflowId, directoriesWorkflowId, isFailure } from '../../src/index.js';
import { createLlamaCloudNexusService } from '../../src/nexus/handlers.js';
import type { LlamaCloudNexusOptions } from '../../src/nexus/options.js';
import { isReport, rootFailure } from '../../src/protocol/index.js';
import { parseAll } from '../support/directories.js';
import { failureOf } from '../support/failure.js';
import { openNamespace, type TestNamespace } from '../support/namespace.js';
import { createEndpoint } from '../support/nexus.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../support/test-environment.js';
import { until } from '../support/until.js';
import type { callProcessBatch, callProcessDirectories } from '../support/workflows.js';

/** Counts the requests that start an operation. Those that `loseResponse` says lose their response after the run has started. */
function countStarts(requestIds: string[], loseResponse: () => boolean): NexusInterceptorsFactory {
  return () => ({
    inbound: {
      startOperation: async (request, next) => {
        const started = await next(request);
        requestIds.push(request.ctx.requestId);
        if (loseResponse()) throw new HandlerError('INTERNAL', 'the response is lost');
        return started;
      },
    },
  });
}

/** Batches here end when the test says so. */
describe('an operation of the Nexus service, called from another namespace', () => {
  let callers: TestNamespace;
  let handlers: TestNamespace;
  let env: TestEnvironment;
  let caller: Worker;
  let callerStopped: Promise<void>;
  const requestIds: string[] = [];
  let lostResponses = 0;

  const serve = async (options: LlamaCloudNexusOptions, shared?: TestEnvironment) => {
    const loseResponse = () => lostResponses-- > 0;
    return startTestEnvironment(handlers, {
      emulator: { batchRunningMs: 3_600_000 },
      worker: {
        nexusServices: [createLlamaCloudNexusService(options)],
        interceptors: { nexus: [countStarts(requestIds, loseResponse)] },
      },
      ...(shared === undefined ? {} : { shared }),
    });
  };

  beforeAll(async () => {
    [callers, handlers] = [await openNamespace(), await openNamespace()];
    env = await serve({});
    caller = await Worker.create({
      connection: callers.nativeConnection,
      namespace: callers.namespace,
      taskQueue: 'callers',
      workflowBundle: { codePath: inject('workflowBundle') },
    });
    callerStopped = caller.run();
  });

  afterAll(async () => {
    if (caller?.getState() === 'RUNNING') caller.shutdown();
    await callerStopped;
    await env?.close();
  });

  const directory = async (count = 1) => (await env.emulator.addDirectory(files(count))).id;
  const batchesOver = (id: string) => env.emulator.batches.list().filter((batch) => batch.directoryId === id);
  const finish = async (id: string) => env.emulator.batches.finish((await env.untilCreated(id)).id);
  const call = async (input: object, endpoint?: string): Promise<WorkflowHandle<typeof callProcessBatch>> => {
    requestIds.length = 0;
    const args: [string, object] = [endpoint ?? (await createEndpoint(handlers, env.taskQueue)), input];
    const options = { workflowId: randomUUID(), taskQueue: 'callers', args };
    return callers.client.workflow.start('callProcessBatch', options);
  };

  test('returns the report of a run that has the workflow id of the client', async () => {
    const id = await directory(2);
    const handle = await call(parseInput(id));
    await finish(id);
    const report = await handle.result();
    expect(report).toMatchObject({ directoryId: id, status: 'COMPLETED', files: { total: 2, completed: 2 } });
    const run = env.batches.attach(batchWorkflowId(parseInput(id)));
    expect(await run.result()).toEqual(report);
  });

  test('returns the report of a run over many directories', async () => {
    const ids = [await directory(), await directory()];
    const endpoint = await createEndpoint(handlers, env.taskQueue);
    const handle = await callers.client.workflow.start<typeof callProcessDirectories>('callProcessDirectories', {
      workflowId: randomUUID(),
      taskQueue: 'callers',
      args: [endpoint, parseAll(ids)],
    });
    for (const id of ids) await finish(id);
    expect((await handle.result()).directories).toMatchObject({ total: 2, completed: 2 });
    const run = env.batches.attachDirectories(directoriesWorkflowId(parseAll(ids)));
    expect((await run.result()).directories.completed).toBe(2);
  });

  test('cancels its run, and so the batch, when it is cancelled', async () => {
    const id = await directory();
    const handle = await call(parseInput(id));
    const batch = await env.untilCreated(id);
    await handle.cancel();
    expect((await failureOf(handle.result())).name).toBe('CancelledFailure');
    expect(batchesOver(id)).toMatchObject([{ id: batch.id, status: 'CANCELLED' }]);
    const run = env.batches.attach(batchWorkflowId(parseInput(id)));
    expect((await failureOf(run.result())).name).toBe('CancelledFailure');
  });

  test('refuses a wrong input with a failure that names every wrong field, and starts nothing', async () => {
    const handle = await call({ directoryId: 'dir 1', job: { type: 'parse_v3', configurationId: 'cfg-1' } });
    const failure = await failureOf(handle.result());
    expect(isFailure(failure, 'InvalidInput')).toBe(true);
    expect(failure.cause).toMatchObject({ name: 'HandlerError', type: 'BAD_REQUEST' });
    expect(rootFailure(failure).message).toMatch(/The input of processBatch is not valid.*directoryId.*job\.type/);
    expect(requestIds).toEqual([]);
  });

  test('fails with the failure of its run, which has the report', async () => {
    const id = await directory();
    const handle = await call(parseInput(id));
    env.emulator.batches.setStatus((await env.untilCreated(id)).id, 'CANCELLED');
    const failure = await failureOf(handle.result());
    expect(isFailure(failure, 'BatchCancelled')).toBe(true);
    const details = failure.cause instanceof ApplicationFailure ? failure.cause.details : undefined;
    expect(details?.[0]).toSatisfy(isReport);
  });

  test('starts one run, with one batch, although the response to its request is lost twice', async () => {
    const id = await directory();
    lostResponses = 2;
    const handle = await call(parseInput(id));
    await until('the third request', () => requestIds.length === 3);
    expect(new Set(requestIds).size).toBe(1);
    await finish(id);
    const report = await handle.result();
    expect(batchesOver(id)).toMatchObject([{ id: report.batchId }]);
  });

  test('fails while a run of the same work is open, whoever has started that', async () => {
    const id = await directory();
    const run = await env.batches.start(parseInput(id));
    const failure = await failureOf((await call(parseInput(id))).result());
    expect(rootFailure(failure)).toEqual({
      type: 'WorkflowExecutionAlreadyStartedError',
      message: expect.stringContaining(`${run.workflowId} is open`),
    });
    await finish(id);
    await run.result();
    expect(batchesOver(id)).toHaveLength(1);
  });

  test('returns the report of the open run where the service says so', async () => {
    const sharing = await serve({ workflowIdConflictPolicy: 'USE_EXISTING' }, env);
    const endpoint = await createEndpoint(handlers, sharing.taskQueue);
    const id = await directory();
    const run = await env.batches.start(parseInput(id));
    const handle = await call(parseInput(id), endpoint);
    await until('the request', () => requestIds.length === 1);
    await finish(id);
    expect(await handle.result()).toEqual(await run.result());
    expect(batchesOver(id)).toHaveLength(1);
    await sharing.close();
  });
});
