/** The team that has the LlamaCloud key: runs the batches, and serves them to workflows of other namespaces. */
import { fileURLToPath } from 'node:url';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Worker } from '@temporalio/worker';
import { LlamaCloudPlugin } from 'temporal-llamacloud';

const { connectionOptions, namespace = 'documents' } = loadClientConnectConfig();
const connection = await NativeConnection.connect(connectionOptions);
const worker = await Worker.create({
  plugins: [new LlamaCloudPlugin({ output: './out', nexus: true })],
  connection,
  namespace,
  taskQueue: 'llamacloud',
  workflowsPath: fileURLToPath(new URL('./service-workflows.ts', import.meta.url)),
});
await worker.run();
await connection.close();
