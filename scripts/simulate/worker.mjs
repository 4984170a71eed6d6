// A worker for many scenarios at a time. The workflow id of an activity has the id of its scenario, by which the control server of the simulation
// gives the emulator and the output folder. It is killed with SIGKILL.
import { Context } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities, LlamaCloudClient, OutputError, openOutputStore, WORKER_OPTIONS } from '../../dist/index.js';
import { WORKFLOW_BUNDLE } from './bundle.mjs';

const { SIMULATION_CONTROL, SIMULATION_TASK_QUEUE, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE } = process.env;
const MAX_SCENARIOS = 500;

Runtime.install({
  logger: new DefaultLogger('WARN'),
  telemetryOptions: { logging: { filter: 'WARN', forward: {} } },
});
const scenarios = new Map();
const names = Object.keys(createActivities({ llamacloud: undefined, outputs: undefined }));
const connection = await NativeConnection.connect({ address: TEMPORAL_ADDRESS });
const worker = await Worker.create({
  ...WORKER_OPTIONS,
  connection,
  namespace: TEMPORAL_NAMESPACE,
  taskQueue: SIMULATION_TASK_QUEUE,
  workflowBundle: { codePath: WORKFLOW_BUNDLE },
  // Small, so that workflows are often replayed.
  maxCachedWorkflows: 100,
  activities: Object.fromEntries(
    names.map((name) => [name, async (...args) => await (await activitiesOf(readScenarioId()))[name](...args)]),
  ),
});
console.log('polling');
await worker.run();

function readScenarioId() {
  const { workflowId } = Context.current().info.workflowExecution;
  const id = /\bsim-(\w+)-/.exec(workflowId)?.[1];
  if (id === undefined) throw new Error(`${workflowId} is of no scenario`);
  return id;
}

/** One set of activities for each scenario. The promise is kept, so that concurrent first calls share it. */
function activitiesOf(id) {
  let activities = scenarios.get(id);
  if (activities === undefined) {
    activities = createFor(id);
    activities.catch(() => scenarios.delete(id));
    scenarios.set(id, activities);
    if (scenarios.size > MAX_SCENARIOS) scenarios.delete(scenarios.keys().next().value);
  }
  return activities;
}

async function createFor(id) {
  const response = await fetch(`${SIMULATION_CONTROL}/${id}`);
  if (!response.ok) throw new Error(`scenario ${id} is over`);
  const { url, apiKey, output, outputFaultRate, requestTimeoutMs, listLagMs } = await response.json();
  return createActivities({
    llamacloud: new LlamaCloudClient({ apiKey, baseUrl: url, timeoutMs: requestTimeoutMs }),
    outputs: withFaults(await openOutputStore(output), outputFaultRate),
    listLagMs,
  });
}

/** Half of the faults come before the effect, half after it. */
function withFaults(store, rate) {
  const fail = (action) => {
    if (Math.random() < rate / 2) throw new OutputError(action, store.root, new Error('planned fault'));
  };
  const faulty =
    (action) =>
    async (...args) => {
      fail(action);
      const result = await store[action](...args);
      fail(action);
      return result;
    };
  return {
    root: store.root,
    check: () => store.check(),
    locate: (key) => store.locate(key),
    id: faulty('id'),
    write: faulty('write'),
    read: (key) => store.read(key),
    // One attempt asks for the sizes of all files, so that hardly any attempt would succeed.
    size: (key) => store.size(key),
  };
}
