// What all scenarios share: a Temporal server, worker processes, and the control server that tells the workers about each scenario.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_KEYS } from '../../dist/index.js';
import { startLocalTemporal } from '../../dist/testing/index.js';
import { startWorkers } from '../processes.mjs';
import { API_KEY } from './secrets.mjs';

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
/**
 * @param address A Temporal server whose search attributes are registered. Default: one is started.
 */
export async function startWorld({ address, namespace = 'default', workers: workerCount }) {
  const local =
    address === undefined ? await startLocalTemporal({ searchAttributes: SEARCH_ATTRIBUTE_KEYS }) : undefined;
  const connection = await Connection.connect({ address: address ?? local.address });
  const scenarios = new Map();
  const control = createServer((request, response) => {
    const scenario = scenarios.get(request.url.slice(1));
    response.statusCode = scenario === undefined ? 404 : 200;
    response.end(JSON.stringify(scenario ?? {}));
  }).listen(0, '127.0.0.1');
  await once(control, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'simulation-'));
  const processOutput = [];
  const taskQueue = `simulation-${process.pid}`;
  const workers = startWorkers({
    script: WORKER,
    count: workerCount,
    processOutput,
    env: {
      SIMULATION_CONTROL: `http://127.0.0.1:${control.address().port}`,
      SIMULATION_TASK_QUEUE: taskQueue,
      TEMPORAL_ADDRESS: address ?? local.address,
      TEMPORAL_NAMESPACE: namespace,
    },
  });
  let restarting = Promise.resolve();
  return {
    client: new Client({ connection, namespace }),
    namespace,
    taskQueue,
    processOutput,
    /** Has the folders of the scenarios. */
    folder,
    /** Makes a scenario known to the workers. */
    register: (id, scenario) => scenarios.set(id, { apiKey: API_KEY, ...scenario }),
    unregister: (id) => scenarios.delete(id),
    /** Kills a worker with SIGKILL and starts another. `share` of [0, 1) says which. */
    killWorker: async (share) => {
      restarting = restarting.then(() => workers.restart(Math.floor(share * workerCount)));
      await restarting;
    },
    close: async () => {
      // A worker that is started meanwhile would be left behind.
      await restarting;
      await workers.stop();
      control.close();
      await connection.close();
      await local?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
