// One worker process for everything that is compared: the same options, the same machine. Says when it polls.
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities, LlamaCloudClient, openOutputStore } from '../dist/index.js';
import { POLLING } from '../dist/worker.js';
import { createPeerActivities } from './peer/activities.mjs';

const {
  TEMPORAL_ADDRESS: address,
  LLAMA_CLOUD_API_KEY: apiKey,
  LLAMA_CLOUD_BASE_URL: baseUrl,
  OUTPUT: output,
} = process.env;

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
});
const { createBatch, ...peer } = createPeerActivities({ apiKey, baseUrl, output });
const ours = createActivities({
  llamacloud: new LlamaCloudClient({ apiKey, baseUrl }),
  outputs: openOutputStore(output),
});
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: 'llamacloud',
  // As in our worker.
  ...POLLING,
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./workflows.mjs', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  }),
  // Both have an activity of that name; the input tells whose it is.
  activities: {
    ...ours,
    ...peer,
    createBatch: (input) => ('request' in input ? ours.createBatch(input) : createBatch(input)),
  },
});
const running = worker.run();
process.send?.('polling');
process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ heapUsed: process.memoryUsage().heapUsed });
});
await running;
