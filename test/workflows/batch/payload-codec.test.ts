import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerSearchAttributes } from '../../../src/index.js';
import { decodePayloads } from '../../support/decode-payloads.js';
import { parseAll } from '../../support/directories.js';
import { EncryptionCodec } from '../../support/encryption-codec.js';
import { failureOf } from '../../support/failure.js';
import { openNamespace, type TestNamespace } from '../../support/namespace.js';
import { parseInput, startTestEnvironment, type TestEnvironment } from '../../support/test-environment.js';
import { until } from '../../support/until.js';

/** As an application gives it to its worker and to its client. */
const dataConverter = {
  payloadCodecs: [new EncryptionCodec()],
  failureConverterPath: fileURLToPath(new URL('../../support/failure-converter.cjs', import.meta.url)),
};

const FILES = [
  { name: 'planted-good.md', content: '# Good' },
  { name: 'planted-bad.pdf', content: 'no PDF at all' },
];

describe('with a payload codec of the application that encrypts', () => {
  let temporal: TestNamespace;
  let env: TestEnvironment;

  beforeAll(async () => {
    const plain = await openNamespace();
    await registerSearchAttributes(plain.client.connection, plain.namespace);
    const { connection } = plain.client;
    temporal = { ...plain, client: new Client({ connection, namespace: plain.namespace, dataConverter }) };
    // The failure converter is a part of the bundle.
    const { code } = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../support/workflows.ts', import.meta.url)),
      failureConverterPath: dataConverter.failureConverterPath,
      logger: new DefaultLogger('WARN'),
    });
    const folder = await mkdtemp(join(tmpdir(), 'codec-bundle-'));
    const codePath = join(folder, 'bundle.js');
    await writeFile(codePath, code);
    env = await startTestEnvironment(temporal, {
      worker: { dataConverter, workflowBundle: { codePath } },
      emulator: { batchRunningMs: 3_600_000, jobRunningMs: 3_600_000 },
    });
    await rm(folder, { recursive: true });
  });

  afterAll(() => env?.close());

  const finish = async (directoryId: string) => {
    const { id } = await env.untilCreated(directoryId);
    env.emulator.batches.finish(id);
    env.emulator.batches.finishJobs(id);
  };

  /** What the server keeps of every workflow, as it is without the key. */
  async function everythingKept(): Promise<string> {
    const kept: string[] = [];
    const { workflowService } = temporal.client.connection;
    for await (const { workflowId, runId } of temporal.client.workflow.list()) {
      const { raw } = await temporal.client.workflow.getHandle(workflowId, runId).describe();
      const execution = { workflowId, runId };
      const { namespace } = temporal;
      const { history } = await workflowService.getWorkflowExecutionHistory({ namespace, execution });
      kept.push(JSON.stringify(decodePayloads(raw)), JSON.stringify(decodePayloads(history?.events)));
    }
    return kept.join('\n');
  }

  test('runs complete, fail, are cancelled and are asked for progress as without it, and nothing in their histories is readable', async () => {
    // The response to the create is lost: the batches of before are in a memo.
    const { id } = await env.emulator.addDirectory(FILES);
    env.emulator.faults.next({ kind: 'reset-after', method: 'POST', path: '/api/v2/batches' });
    const run = await env.batches.start(parseInput(id));
    await run.pause({ reason: 'planted-reason', by: 'planted-person' });
    expect((await run.progress()).pause).toMatchObject({ reason: 'planted-reason', by: 'planted-person' });
    await run.resume();
    await finish(id);
    const report = await run.result();
    expect(report.files).toMatchObject({ completed: 1, failed: 1 });
    const lines = await env.manifest(report.manifest);
    expect(lines.map(({ name }) => name)).toEqual(FILES.map(({ name }) => name));

    // The report of a cancelled run is in its memo.
    const cancelled = await env.emulator.addDirectory(FILES);
    const stopped = await env.batches.start(parseInput(cancelled.id));
    await env.untilCreated(cancelled.id);
    await until('the batch id', async () => (await stopped.progress()).batchId ?? undefined);
    await stopped.cancel();
    await failureOf(stopped.result());
    expect((await stopped.progress()).phase).toBe('cancelled');

    const denied = await env.emulator.addDirectory(FILES);
    env.emulator.faults.next({
      kind: 'status',
      status: 422,
      method: 'POST',
      path: '/api/v2/batches',
      detail: 'planted-detail',
    });
    const failure = await failureOf((await env.batches.start(parseInput(denied.id))).result());
    expect(failure).toMatchObject({ type: 'RequestRejected', message: expect.stringContaining('planted-detail') });

    const many = [(await env.emulator.addDirectory(FILES)).id, (await env.emulator.addDirectory(FILES)).id];
    const over = await env.batches.startDirectories(parseAll(many));
    for (const directoryId of many) await finish(directoryId);
    expect((await over.result()).directories).toMatchObject({ total: 2, completed: 2 });

    const kept = await everythingKept();
    // Names of files, of the output folder, of people, the words of LlamaCloud, the fields of inputs, the summaries and the details.
    for (const secret of ['planted', env.output, 'configurationId', 'manifest.jsonl', 'Collect ', 'Wait while'])
      expect(kept, secret).not.toContain(secret);
    // This stays outside of it: what the documents say, and no more.
    expect(kept).toContain(`llamacloud/${id}/parse_v2/cfg-PARSE_AGENTIC`);
    expect(kept).toContain(report.batchId);
    expect(kept).toContain('JobFailed');
    expect(kept).toContain('LlamaCloudBatchId');
    expect(await env.details(run.workflowId)).toContain('planted-bad.pdf');
  });

  test('the summary of a run can be read with the key only', async () => {
    const { id } = await env.emulator.addDirectory(FILES);
    const run = await env.batches.start(parseInput(id));
    await finish(id);
    await run.result();
    const description = await temporal.client.workflow.getHandle(run.workflowId).describe();
    expect(await description.staticSummary()).toContain(`parse_v2 of ${id}`);
  });
});
