import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SEARCH_ATTRIBUTE_KEYS } from '../../../src/client/search-attributes.js';
import { BATCH_ID_MEMO } from '../../../src/index.js';
import { type LocalTemporal, startLocalTemporal } from '../../../src/testing/index.js';
import { files, parse, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

describe('search attributes', () => {
  let temporal: LocalTemporal;
  let env: TestEnvironment;

  beforeAll(async () => {
    temporal = await startLocalTemporal({ searchAttributes: SEARCH_ATTRIBUTE_KEYS });
    env = await startTestEnvironment(temporal);
  });

  afterAll(async () => {
    await env?.close();
    await temporal?.close();
  });

  test('search attributes, memo, details and progress survive continue-as-new', async () => {
    const { id } = await env.emulator.addDirectory(files(5));
    const run = await env.batches.start({ ...parse(id), pageSize: 2 });
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
    const run = await env.batches.start(parse(id));
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
