/** Run it with LLAMA_CLOUD_API_KEY set: `npx tsx worker.ts`. Documents go to ./out. */
import { fileURLToPath } from 'node:url';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Worker } from '@temporalio/worker';
import { LlamaCloudPlugin } from 'temporal-llamacloud';
import * as activities from './activities.js';

const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await NativeConnection.connect(connectionOptions);
const worker = await Worker.create({
  plugins: [new LlamaCloudPlugin({ output: './out' })],
  connection,
  namespace,
  taskQueue: 'llamacloud',
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
  activities,
});
await worker.run();
await connection.close();
