/**
 * What an application does with the package: a worker with the plugin, and a client that runs a batch, here against the emulator.
 * scripts/release/consumer.mjs compiles this file as an ES module and as CommonJS, in an empty project.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { BatchClient, LlamaCloudPlugin, SEARCH_ATTRIBUTE_KEYS } from 'temporal-llamacloud';
import { startLlamaCloudEmulator, startLocalTemporal } from 'temporal-llamacloud/testing';

async function main(): Promise<void> {
  const log: string[] = [];
  Runtime.install({ logger: new DefaultLogger('INFO', ({ message }) => log.push(message)) });
  const folder = await mkdtemp(join(tmpdir(), 'consumer-'));
  const temporal = await startLocalTemporal({ searchAttributes: SEARCH_ATTRIBUTE_KEYS });
  const emulator = await startLlamaCloudEmulator({ batchRunningMs: 0, jobRunningMs: 0 });
  try {
    await writeFile(join(folder, 'page.md'), '# Hello\n');
    await writeFile(join(folder, 'note.txt'), 'Hello\n');
    const { id } = await emulator.addDirectory(folder);
    const { apiKey, url } = emulator;
    const connection = await NativeConnection.connect({ address: temporal.address });
    const worker = await Worker.create({
      plugins: [new LlamaCloudPlugin({ apiKey, baseUrl: url, output: join(folder, 'out') })],
      connection,
      namespace: temporal.namespace,
      taskQueue: 'llamacloud',
      workflowsPath: join(dirname(process.argv[1] ?? ''), 'workflows.js'),
    });
    const batches = new BatchClient({ client: temporal.client });
    const report = await worker.runUntil(async () => {
      const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
      const run = await batches.start({ directoryId: id, job });
      return await run.result();
    });
    await connection.close();
    const manifest = await readFile(report.manifest ?? '', 'utf8');
    const documents = manifest.match(/"status":"COMPLETED"/g)?.length;
    if (documents !== 2) throw new Error(`not two documents: ${JSON.stringify(report)}`);
    const warnings = log.filter((message) => /warning/i.test(message));
    if (warnings.length > 0) throw new Error(`the bundler warned: ${warnings.join('\n')}`);
  } finally {
    await emulator.close();
    await temporal.close();
    await rm(folder, { recursive: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
