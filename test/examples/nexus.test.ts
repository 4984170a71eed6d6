import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootFailure } from '../../src/index.js';
import { resolveTemporalCli } from '../../src/testing/index.js';
import { failureOf } from '../support/failure.js';
import { openNamespace, type TestNamespace } from '../support/namespace.js';
import { files } from '../support/test-environment.js';
import { until } from '../support/until.js';
import { type ExampleEnvironment, openExample } from './support.js';

describe('the Nexus example, across two namespaces', () => {
  let example: ExampleEnvironment;
  let accounting: TestNamespace;

  beforeAll(async () => {
    example = await openExample('nexus');
    accounting = await openNamespace();
    const { path } = await resolveTemporalCli();
    const { address, namespace } = example.temporal;
    const endpoint = ['--name', 'llamacloud', '--target-namespace', namespace, '--target-task-queue', 'llamacloud'];
    await promisify(execFile)(path, ['operator', 'nexus', 'endpoint', 'create', ...endpoint, '--address', address]);
    example.start('service-worker.ts');
    example.start('caller-worker.ts', [], ofAccounting());
  });

  afterAll(() => example?.close());

  /** The caller has neither the key nor the address of LlamaCloud. */
  const ofAccounting = () => ({
    TEMPORAL_NAMESPACE: accounting.namespace,
    LLAMA_CLOUD_API_KEY: '',
    LLAMA_CLOUD_BASE_URL: '',
  });
  const call = (directoryId: string) =>
    accounting.client.workflow.start('importInvoices', {
      workflowId: `import-${directoryId}`,
      taskQueue: 'accounting',
      args: [directoryId],
    });

  test('a workflow of one namespace gets the report of a batch that ran in the other', async () => {
    const { id } = await example.emulator.addDirectory(files(2));
    const { code, stdout } = await example.start('client.ts', [id], ofAccounting()).end();
    expect(stdout).toMatch(/^2 of 2 files completed\. Manifest: .*nexus\/out\/bat-.*\/manifest\.jsonl$/m);
    expect(code).toBe(0);
  });

  test('cancelling it cancels the batch', async () => {
    example.emulator.configure({ batchRunningMs: 3_600_000 });
    const { id } = await example.emulator.addDirectory(files(1));
    const handle = await call(id);
    const findBatch = () => example.emulator.batches.list().find(({ directoryId }) => directoryId === id);
    await until('the batch', findBatch);
    await handle.cancel();
    expect((await failureOf(handle.result())).name).toBe('CancelledFailure');
    expect(findBatch()?.status).toBe('CANCELLED');
  });

  test('a wrong input arrives as a failure that names the field', async () => {
    const handle = await call('not a directory');
    expect(rootFailure(await failureOf(handle.result()))).toEqual({
      type: 'InvalidInput',
      message: expect.stringContaining('directoryId: must be an id'),
    });
  });
});
