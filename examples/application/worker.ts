/** Run it with LLAMA_CLOUD_API_KEY set. Documents go to ./out. */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { LlamaCloudPlugin } from 'temporal-llamacloud';
import * as activities from './activities.js';

const worker = await Worker.create({
  plugins: [new LlamaCloudPlugin({ output: './out' })],
  connection: await NativeConnection.connect({ address: 'localhost:7233' }),
  taskQueue: 'llamacloud',
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
  activities,
});
await worker.run();
