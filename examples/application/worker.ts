import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities, LlamaCloudClient, openOutputStore } from 'temporal-llamacloud';
import { indexing } from './activities.js';

const { LLAMA_CLOUD_API_KEY = '', LLAMA_CLOUD_BASE_URL = 'https://api.cloud.llamaindex.ai' } = process.env;

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: 'localhost:7233' }),
  taskQueue: 'llamacloud',
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  activities: {
    ...createActivities({
      llamacloud: new LlamaCloudClient({ apiKey: LLAMA_CLOUD_API_KEY, baseUrl: LLAMA_CLOUD_BASE_URL }),
      outputs: openOutputStore('./out'),
    }),
    ...indexing,
  },
});
await worker.run();
