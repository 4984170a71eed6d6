import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BATCH_ID_MEMO, registerSearchAttributes } from '../../../src/index.js';
import { openNamespace } from '../../support/namespace.js';
import { files, parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('search attributes', () => {
  let env: TestEnvironment;

  beforeAll(async () => {
    const temporal = await openNamespace();
    await registerSearchAttributes(temporal.client.connection, temporal.namespace);
    env = await startTestEnvironment(temporal);
  });

  afterAll(() => env?.close());

  test('search attributes, memo, details and progress survive continue-as-new', async () => {
    const { id } = await env.emulator.addDirectory(files(5));
    const run = await env.batches.start({ ...parseInput(id), pageSize: 2 });
    const { batchId } = await run.result();
    const latest = await env.client.workflow.getHandle(run.workflowId).describe();
    expect(latest.runId).not.toBe(run.runId);
    expect(latest.memo?.[BATCH_ID_MEMO]).toBe(batchId);
    expect(latest.searchAttributes).toMatchObject({
      LlamaCloudBatchId: [batchId],
      LlamaCloudBatchStatus: ['COMPLETED'],
      LlamaCloudDirectoryId: [id],
      LlamaCloudJobType: ['parse_v2'],
    });
    expect(await env.details(run.workflowId)).toContain(`| Batch\u2003 | \`${batchId}\` |`);
    expect(await run.progress()).toMatchObject({ phase: 'completed', batchId, files: { completed: 5 }, failure: null });
  });

  test('a run is found by batch, status, directory and job type', async () => {
    const { id } = await env.emulator.addDirectory(files(1));
    const run = await env.batches.start(parseInput(id));
    const { batchId } = await run.result();
    const query = [
      `LlamaCloudBatchId = '${batchId}'`,
      `LlamaCloudBatchStatus = 'COMPLETED'`,
      `LlamaCloudDirectoryId = '${id}'`,
      `LlamaCloudJobType = 'parse_v2'`,
    ].join(' AND ');
    const found = await until('the index', async () => {
      for await (const workflow of env.client.workflow.list({ query })) return workflow.workflowId;
      return undefined;
    });
    expect(found).toBe(run.workflowId);
  });
});
