/** Run it with LLAMA_CLOUD_API_KEY set. Documents go to ./out. */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities, LlamaCloudClient, openOutputStore, WORKER_OPTIONS } from 'temporal-llamacloud';
import * as activities from './activities.js';

const outputs = openOutputStore('./out');
await outputs.check();

const worker = await Worker.create({
  ...WORKER_OPTIONS,
  connection: await NativeConnection.connect({ address: 'localhost:7233' }),
  taskQueue: 'llamacloud',
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
  activities: {
    ...createActivities({
      llamacloud: new LlamaCloudClient({ apiKey: process.env.LLAMA_CLOUD_API_KEY ?? '' }),
      outputs,
    }),
    ...activities,
  },
});
await worker.run();
