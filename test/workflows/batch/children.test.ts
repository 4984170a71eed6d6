import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { documentKey } from '../../../src/activities/support/output-keys.js';
import { createActivities, DirectoryStore, LlamaCloudClient } from '../../../src/index.js';
import { openNamespace, type TestNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('children, on several workers', () => {
  let temporal: TestNamespace;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await openNamespace();
    env = await startTestEnvironment(temporal, { emulator: { batchRunningMs: 3_600_000 } });
  });

  afterAll(() => env?.close());

  /** The last failure of each pending activity of a run and of its children. */
  async function pendingFailures(workflowId: string): Promise<string[]> {
    const executions = [workflowId];
    for await (const child of env.client.workflow.list({ query: `ParentWorkflowId = '${workflowId}'` }))
      executions.push(child.workflowId);
    const descriptions = await Promise.all(executions.map((id) => env.client.workflow.getHandle(id).describe()));
    return descriptions.flatMap(({ raw }) =>
      (raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure?.message ?? ''),
    );
  }

  test('the manifest has the valid fields that a custom child returns, and null for the others', async () => {
    const tooLong = ['wide.md', 'control.md'];
    const names = ['huge.md', 'lone.md', 'nan.md', 'negative.md', 'none.md', 'throws.md', 'fits.md', ...tooLong];
    const { id } = await env.emulator.addDirectory(names.map((name) => ({ name, content: 'x' })));
    const run = await env.batches.start({ ...parseInput(id), child: { workflowType: 'claimDocument' } });
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    const report = await run.result();
    expect(report.files).toMatchObject({ total: 9, completed: 8, failed: 1 });
    const lines = await env.manifest(report.manifest);
    const [huge, lone, nan, negative, none, throws, fits] = names.map((name) =>
      lines.find((line) => line.name === name),
    );
    expect(huge).toMatchObject({ output: null, bytes: 1, credits: null });
    expect(huge?.sha256?.length).toBeLessThan(140);
    expect(lone).toMatchObject({ output: '/out/\ufffd', bytes: 5, sha256: '\ufffd', credits: 1 });
    for (const line of [nan, negative]) expect(line).toMatchObject({ status: 'COMPLETED', output: null, bytes: null });
    // A location of more than 1,000 bytes as JSON becomes null, so that a payload of 2 MB has room for 1,000 lines.
    for (const line of lines.filter(({ name }) => name !== null && tooLong.includes(name)))
      expect(line).toMatchObject({ status: 'COMPLETED', output: null, bytes: 5 });
    expect(fits).toMatchObject({ output: '漢'.repeat(330) });
    expect(none).toMatchObject({ output: null, bytes: 5, sha256: 'abc', credits: 1 });
    expect(throws).toMatchObject({ status: 'FAILED', error: { message: expect.stringContaining('äöü') } });
    expect(JSON.stringify(throws).length).toBeLessThan(1_000);
  });

  test('a custom child workflow runs in place of processJob, on its own task queue, whose workers have no activities', async () => {
    const childWorker = await startTestEnvironment(temporal, { shared: env, worker: { activities: {} } });
    onTestFinished(() => childWorker.close());
    const { id } = await env.emulator.addDirectory([...files(2), { name: 'reject.md', content: 'x' }]);
    const child = { workflowType: 'indexDocument', taskQueue: childWorker.taskQueue };
    const run = await env.batches.start({ ...parseInput(id), child });
    env.emulator.batches.finish((await env.untilCreated(id)).id);
    const report = await run.result();
    expect(report.files).toMatchObject({ total: 3, completed: 2, failed: 1 });
    expect(report.failures).toMatchObject([{ name: 'reject.md', type: 'NotIndexed', message: 'not for the index' }]);
    for (const line of await env.manifest(report.manifest)) {
      if (line.status === 'FAILED') continue;
      expect(line.output).toBe(`indexed on ${childWorker.taskQueue}, from ${id}`);
      const document = join(env.output, ...documentKey(report.batchId, line, 'markdown'));
      expect(await readFile(document, 'utf8')).toContain('# File');
    }
  });

  test('a worker with another output store says so and writes no document, and the run completes on another worker', async () => {
    const first = await startTestEnvironment(temporal, { shared: env });
    const { taskQueue } = first;
    const { id } = await env.emulator.addDirectory(files(10));
    const run = await first.batches.start(parseInput(id));
    const batch = await env.untilCreated(id);
    await until('the run to wait', async () => (await run.progress()).phase === 'waiting');
    await first.close();

    const elsewhere = await mkdtemp(join(tmpdir(), 'temporal-llamacloud-'));
    onTestFinished(() => rm(elsewhere, { recursive: true }));
    const { apiKey, url: baseUrl } = env.emulator;
    const activities = createActivities({
      llamacloud: new LlamaCloudClient({ apiKey, baseUrl }),
      outputs: new DirectoryStore(elsewhere),
    });
    // The SDK refuses a second worker of a task queue on the same connection.
    const nativeConnection = await NativeConnection.connect({ address: temporal.address });
    onTestFinished(() => nativeConnection.close());
    const worker = { taskQueue, activities };
    const other = await startTestEnvironment({ ...temporal, nativeConnection }, { shared: env, worker });
    onTestFinished(() => other.close());
    env.emulator.batches.finish(batch.id);
    const message = await until('a refusal', async () =>
      (await pendingFailures(run.workflowId)).find((failure) => failure.includes('not the output store of this run')),
    );
    expect(message).toContain(elsewhere);

    const second = await startTestEnvironment(temporal, { shared: env, worker: { taskQueue } });
    onTestFinished(() => second.close());
    const report = await run.result();
    expect(report.files).toMatchObject({ total: 10, completed: 10 });
    expect((await readdir(elsewhere, { recursive: true })).sort()).toEqual(['.store-id', '.tmp']);
    for (const line of await env.manifest(report.manifest)) expect(line.output).toContain(env.output);
  });
});
