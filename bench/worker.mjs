// The worker process of all implementations. Sends a message when it polls.
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities, LlamaCloudClient, openOutputStore, WORKER_OPTIONS } from '../dist/index.js';
import { createBaselineActivities } from './baseline/activities.mjs';

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
const baseline = createBaselineActivities({ apiKey, baseUrl, output });
const ours = createActivities({
  llamacloud: new LlamaCloudClient({ apiKey, baseUrl }),
  outputs: await openOutputStore(output),
});
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: 'llamacloud',
  ...WORKER_OPTIONS,
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./workflows.mjs', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  }),
  activities: { ...ours, ...baseline },
});
const running = worker.run();
process.send?.('polling');
process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ heapUsed: process.memoryUsage().heapUsed });
});
await running;
