import { fileURLToPath } from 'node:url';
import { context, propagation, trace } from '@opentelemetry/api';
import { Resource } from '@opentelemetry/resources';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { Client } from '@temporalio/client';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';
import { Worker } from '@temporalio/worker';
import { expect, onTestFinished, test } from 'vitest';
import { BatchClient, LlamaCloudPlugin, openOutputStore } from '../../src/index.js';
import { startLlamaCloudEmulator } from '../../src/testing/index.js';
import { openNamespace } from '../support/namespace.js';
import { newFolder } from '../support/new-folder.js';
import { parseInput } from '../support/test-environment.js';
import { until } from '../support/until.js';

test("with the plugin of OpenTelemetry beside ours, a batch is one trace: from the client's start to each document", async () => {
  const temporal = await openNamespace();
  const emulator = await startLlamaCloudEmulator({ batchRunningMs: 0, jobRunningMs: 0 });
  onTestFinished(() => emulator.close());
  const exporter = new InMemorySpanExporter();
  const spanProcessor = new SimpleSpanProcessor(exporter);
  const resource = new Resource({ 'service.name': 'documents' });
  // Also for what runs in this process after this test.
  new NodeTracerProvider({ resource, spanProcessors: [spanProcessor] }).register();
  onTestFinished(() => {
    for (const api of [trace, context, propagation]) api.disable();
  });
  const tracing = new OpenTelemetryPlugin({ resource, spanProcessor });
  const taskQueue = 'traces';
  const output = await openOutputStore(await newFolder('traces-'));
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    namespace: temporal.namespace,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('../support/workflows.ts', import.meta.url)),
    plugins: [tracing, new LlamaCloudPlugin({ apiKey: emulator.apiKey, baseUrl: emulator.url, output })],
  });
  const { connection } = temporal.client;
  const client = new Client({ connection, namespace: temporal.namespace, plugins: [tracing] });
  const { id } = await emulator.addDirectory([
    { name: 'a.md', content: '# A' },
    { name: 'b.md', content: '# B' },
  ]);
  await worker.runUntil(async () => {
    const run = await new BatchClient({ client, taskQueue }).start(parseInput(id));
    expect((await run.result()).files.completed).toBe(2);
    // The end of a workflow's span comes after its result.
    await until('the span of the run', () =>
      exporter.getFinishedSpans().some(({ name }) => name === 'RunWorkflow:processBatch'),
    );
  });
  const spans = exporter.getFinishedSpans();
  const names = spans.map(({ name }) => name);
  for (const name of [
    'StartWorkflow:processBatch',
    'RunWorkflow:processBatch',
    'StartChildWorkflow:createBatch',
    'RunActivity:postBatch',
    'RunActivity:waitForBatch',
    'RunActivity:writeManifest',
  ])
    expect(names).toContain(name);
  expect(names.filter((name) => name === 'StartChildWorkflow:processJob')).toHaveLength(2);
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  expect(JSON.stringify(spans.map(({ attributes, events }) => [attributes, events]))).not.toContain(emulator.apiKey);
});
