import { fileURLToPath } from 'node:url';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Worker } from '@temporalio/worker';

const { connectionOptions, namespace = 'accounting' } = loadClientConnectConfig();
const connection = await NativeConnection.connect(connectionOptions);
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: 'accounting',
  workflowsPath: fileURLToPath(new URL('./caller-workflows.ts', import.meta.url)),
});
await worker.run();
await connection.close();
