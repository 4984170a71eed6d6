import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { operation, service, serviceHandler } from 'nexus-rpc';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import {
  BatchClient,
  LlamaCloudPlugin,
  type LlamaCloudPluginOptions,
  type ManifestLine,
  openOutputStore,
  WORKER_OPTIONS,
} from '../src/index.js';
import { startLlamaCloudEmulator } from '../src/testing/index.js';
import { openNamespace, type TestNamespace } from './support/namespace.js';
import { createBucket, startS3Server, useS3 } from './support/s3/server.js';
import { files, parseInput } from './support/test-environment.js';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plugin-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('a worker with the plugin', () => {
  let temporal: TestNamespace;

  beforeAll(async () => {
    temporal = await openNamespace();
  });

  const create = (plugin: LlamaCloudPlugin, options: Partial<WorkerOptions> = {}) =>
    Worker.create({
      connection: temporal.nativeConnection,
      namespace: temporal.namespace,
      taskQueue: 'plugin-test',
      workflowBundle: { codePath: inject('workflowBundle') },
      plugins: [plugin],
      ...options,
    });

  test("processes a batch with the application's own workflows, activities and another plugin beside it", async () => {
    const emulator = await startLlamaCloudEmulator({ batchRunningMs: 0, jobRunningMs: 0 });
    onTestFinished(() => emulator.close());
    const output = await newFolder();
    const plugin = new LlamaCloudPlugin({ apiKey: emulator.apiKey, baseUrl: emulator.url, output });
    const called: string[] = [];
    const other = {
      name: 'other',
      configureWorker: (options: WorkerOptions) => {
        called.push('configured');
        return options;
      },
    };
    const worker = await create(plugin, { plugins: [other, plugin], activities: { own: async () => 'own' } });
    expect(worker.options).toMatchObject({
      workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 20 },
      nonStickyToStickyPollRatio: 0.6,
    });
    const { id } = await emulator.addDirectory(files(3));
    const batches = new BatchClient({ client: temporal.client, taskQueue: 'plugin-test' });
    const report = await worker.runUntil(async () => {
      const run = await batches.start({ ...parseInput(id), child: { workflowType: 'indexDocument' } });
      return run.result();
    });
    expect(report.files).toMatchObject({ total: 3, completed: 3 });
    expect(report.manifest?.startsWith(output)).toBe(true);
    expect(called).toEqual(['configured']);
  });

  test('is accepted by a client, and by a connection, which passes it to its workers', async () => {
    const plugin = new LlamaCloudPlugin({ apiKey: 'llx-key', output: await newFolder() });
    const client = new Client({ connection: temporal.client.connection, plugins: [plugin] });
    expect(client.options.plugins).toEqual([plugin]);
    const connection = await NativeConnection.connect({ address: temporal.address, plugins: [plugin] });
    onTestFinished(() => connection.close());
    // It is also the worker's own: it is configured once.
    for (const plugins of [[], [plugin]]) {
      const worker = await create(plugin, { connection, plugins });
      expect([...worker.options.activities.keys()]).toContain('openBatch');
      await worker.runUntil(Promise.resolve());
    }
  });

  test('stores documents in S3, where the manifest says, with its checksums', async () => {
    const emulator = await startLlamaCloudEmulator({ batchRunningMs: 0, jobRunningMs: 0, inlineLimitBytes: 10_000 });
    onTestFinished(() => emulator.close());
    useS3(await startS3Server());
    const output = `s3://${await createBucket()}/documents`;
    const plugin = new LlamaCloudPlugin({ apiKey: emulator.apiKey, baseUrl: emulator.url, output });
    const worker = await create(plugin, { taskQueue: 'plugin-s3' });
    const large = { name: 'large.md', content: 'A line.\n'.repeat(800_000) };
    const { id } = await emulator.addDirectory([...files(3), large]);
    const batches = new BatchClient({ client: temporal.client, taskQueue: 'plugin-s3' });
    const report = await worker.runUntil(async () => (await batches.start(parseInput(id))).result());
    expect(report.files).toMatchObject({ total: 4, completed: 4 });
    const { batchId, manifest } = report;
    expect(manifest).toBe(`${output}/${batchId}/manifest.jsonl`);

    const store = await openOutputStore(output);
    const read = async (location: string | null) => {
      const content = await store.read((location ?? '').slice(output.length + 1).split('/'));
      const chunks: Uint8Array[] = [];
      for await (const chunk of content ?? []) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    const lines = (await read(manifest)).toString().trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      const { output: location, bytes, sha256 }: ManifestLine = JSON.parse(line);
      const document = await read(location);
      expect(document.byteLength).toBe(bytes);
      expect(createHash('sha256').update(document).digest('hex')).toBe(sha256);
    }
  });

  test('gives its batches the webhook of its options, or else that of the environment', async () => {
    const emulator = await startLlamaCloudEmulator({ batchRunningMs: 0, jobRunningMs: 0 });
    onTestFinished(() => emulator.close());
    const options = { apiKey: emulator.apiKey, baseUrl: emulator.url, output: await newFolder() };
    const env = {
      LLAMACLOUD_WEBHOOK_URL: 'http://127.0.0.1:9/env',
      LLAMACLOUD_WEBHOOK_SECRET: 'whsec-of-environment',
    };
    const webhook = { url: 'http://127.0.0.1:9/option', secret: 'whsec-of-option' };
    for (const [index, plugin] of [
      new LlamaCloudPlugin(options, env),
      new LlamaCloudPlugin({ ...options, webhook }, env),
      new LlamaCloudPlugin(options, {}),
    ].entries()) {
      const taskQueue = `plugin-webhook-${index}`;
      const worker = await create(plugin, { taskQueue });
      const { id } = await emulator.addDirectory(files(1));
      const batches = new BatchClient({ client: temporal.client, taskQueue });
      await worker.runUntil(async () => (await batches.start(parseInput(id))).result());
    }
    const posts = emulator.requests.filter(({ method }) => method === 'POST').map(({ body }) => body);
    expect(posts).toMatchObject([
      {
        webhook_configurations: [
          { webhook_url: 'http://127.0.0.1:9/env', webhook_signing_secret: 'whsec-of-environment' },
        ],
      },
      { webhook_configurations: [{ webhook_url: webhook.url, webhook_signing_secret: webhook.secret }] },
      {},
    ]);
    expect(posts[2]).not.toHaveProperty('webhook_configurations');
  });

  test('is not created with a configuration that is wrong: every problem is named', async () => {
    const plugin = new LlamaCloudPlugin({ apiKey: 'llx-...', baseUrl: 'ftp://example.com', requestsPerSecond: -1 });
    await expect(create(plugin)).rejects.toMatchObject({
      name: 'ConfigError',
      problems: [
        expect.stringMatching(/^LLAMA_CLOUD_API_KEY is a placeholder/),
        expect.stringMatching(/^LLAMA_CLOUD_BASE_URL is not/),
        expect.stringMatching(/^LLAMACLOUD_REQUESTS_PER_SECOND must be/),
      ],
    });
  });

  test('is not created where the output store can not be written to', async () => {
    const file = join(await newFolder(), 'a-file');
    await writeFile(file, '');
    const plugin = new LlamaCloudPlugin({ apiKey: 'llx-key', output: join(file, 'out') });
    await expect(create(plugin)).rejects.toMatchObject({ name: 'OutputError' });
  });
});

describe('the plugin', () => {
  const configure = (plugin: LlamaCloudPlugin, options: Partial<WorkerOptions> = {}) =>
    plugin.configureWorker({ taskQueue: 'queue', ...options });

  test('does not replace an activity of the application', async () => {
    const plugin = new LlamaCloudPlugin({ apiKey: 'llx-key', output: await newFolder() });
    await expect(configure(plugin, { activities: { cancelBatch: async () => 'own' } })).rejects.toThrow(
      'both have activities of these names: cancelBatch.',
    );
  });

  test('sets what the application does not set, and adds to its activities', async () => {
    const output = await newFolder();
    const own = async () => 'own';
    const plugin = new LlamaCloudPlugin({ apiKey: 'llx-key', output, requestsPerSecond: 5 });
    const options = await configure(plugin, { shutdownGraceTime: '1 minute', activities: { own } });
    expect(options).toMatchObject({
      ...WORKER_OPTIONS,
      shutdownGraceTime: '1 minute',
      maxTaskQueueActivitiesPerSecond: 5,
      activities: { own, openBatch: expect.any(Function) },
    });
    const limited = await configure(plugin, { maxTaskQueueActivitiesPerSecond: 2 });
    expect(limited.maxTaskQueueActivitiesPerSecond).toBe(2);
    const unlimited = await configure(new LlamaCloudPlugin({ apiKey: 'llx-key', output }, {}));
    expect(unlimited).not.toHaveProperty('maxTaskQueueActivitiesPerSecond');
  });

  test('adds the ids of a batch and a file to the logs of its own activities, beside the interceptors of the application', async () => {
    const plugin = new LlamaCloudPlugin({ apiKey: 'llx-key', output: await newFolder() });
    const own = () => ({});
    const { interceptors } = await configure(plugin, { interceptors: { activity: [own], workflowModules: ['x'] } });
    expect(interceptors).toMatchObject({ activity: [own, expect.any(Function)], workflowModules: ['x'] });
    const logged = async (activityType: string, input: unknown) => {
      const messages: Record<string, unknown>[] = [];
      const logger = new DefaultLogger('INFO', ({ meta = {} }) => messages.push(meta));
      const environment = new MockActivityEnvironment(
        { activityType },
        { logger, interceptors: interceptors?.activity ?? [] },
      );
      await environment.run(async (_input: unknown) => environment.context.log.info('a message'), input);
      return messages.at(-1);
    };
    const ids = { batchId: 'bat-1', fileId: 'dfl-1', jobId: 'pjb-1' };
    expect(await logged('collectJob', { ...ids, name: 'a.md' })).toMatchObject(ids);
    expect(await logged('collectJob', { ...ids, name: 'a.md' })).not.toHaveProperty('name');
    expect(await logged('ownActivity', ids)).not.toHaveProperty('batchId');
    for (const odd of [null, undefined, 'text', { batchId: 17 }])
      expect(await logged('collectJob', odd)).not.toHaveProperty('batchId');
    expect((await logged('collectJob', { batchId: 'x'.repeat(5_000) }))?.batchId).toHaveLength(200);
  });

  test('serves the Nexus service where it is asked to, beside the services of the application', async () => {
    const output = await newFolder();
    const own = serviceHandler(service('own', { echo: operation<string, string>() }), {
      echo: async (_, text) => text,
    });
    const configureNexus = (nexus: LlamaCloudPluginOptions['nexus']) =>
      configure(new LlamaCloudPlugin({ apiKey: 'llx-key', output, ...(nexus === undefined ? {} : { nexus }) }), {
        nexusServices: [own],
      });
    const names = ({ nexusServices }: WorkerOptions) => nexusServices?.map(({ definition }) => definition.name);
    expect(names(await configureNexus(true))).toEqual(['own', 'llamacloud']);
    expect(names(await configureNexus({ workflowIdConflictPolicy: 'USE_EXISTING' }))).toEqual(['own', 'llamacloud']);
    expect(names(await configureNexus(false))).toEqual(['own']);
  });

  test('takes an output store of the application', async () => {
    const outputs = await openOutputStore(await newFolder());
    const plugin = new LlamaCloudPlugin({ apiKey: 'llx-key', output: outputs });
    expect((await configure(plugin)).activities).toHaveProperty('writeManifest');
  });

  test('fails the bundle of a workflow module that does not export our workflows, and says what to add', async () => {
    const bundle = (module: string) =>
      bundleWorkflowCode({
        workflowsPath: fileURLToPath(new URL(module, import.meta.url)),
        plugins: [new LlamaCloudPlugin()],
        logger: new DefaultLogger('ERROR'),
      });
    const advice = "Add to it: export * from 'temporal-llamacloud/workflows';";
    await expect(bundle('./support/queue-scenarios.ts')).rejects.toThrow(advice);
    expect((await bundle('./support/workflows.ts')).code).toContain('processDirectories');
  });

  test('leaves it to the bundler to say why a workflow module can not be bundled', async () => {
    const workflowsPath = join(await newFolder(), 'workflows.js');
    await writeFile(workflowsPath, 'export * from');
    const bundling = bundleWorkflowCode({
      workflowsPath,
      plugins: [new LlamaCloudPlugin()],
      logger: new DefaultLogger('ERROR', () => undefined),
    });
    await expect(bundling).rejects.toThrow('Webpack finished with errors');
  });
});
