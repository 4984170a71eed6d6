// The Temporal server of a soak, and the ways in which it is killed.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { resolveTemporalCli } from '../../dist/testing/index.js';
import { runCluster } from '../cluster/run-cluster.mjs';
import { createTemporalServer, findFreePort } from '../processes.mjs';

const SERVICES = ['frontend', 'history', 'matching', 'worker'];
const DOWN_MS = 1_000;

/**
 * Starts a development server with its database in a file, or uses a server that is there.
 *
 * @returns Its address, its kills, each with a name, and the files that it writes into the folder.
 */
export async function openServer({ address, cluster }, { folder, processOutput, log }) {
  if (address !== undefined) return { address, kills: [], files: [], close: async () => undefined };
  return cluster ? await openCluster() : await startDevServer({ folder, processOutput, log });
}

async function startDevServer({ folder, processOutput, log }) {
  const { path } = await resolveTemporalCli({ onProgress: log });
  const dbFilename = join(folder, 'temporal.db');
  const server = createTemporalServer({ path, port: await findFreePort(), dbFilename, processOutput });
  await server.start();
  const restart = async () => {
    await server.kill();
    await sleep(DOWN_MS);
    await server.start();
  };
  return {
    address: server.address,
    kills: [{ name: 'the Temporal server', restart }],
    files: [dbFilename],
    close: server.kill,
  };
}

/** The cluster stays as it is when the soak has ended: starting it takes longer than a soak of a few files. */
async function openCluster() {
  const address = await runCluster('up');
  const restart = async (services) => {
    await runCluster('kill', ...services);
    await sleep(DOWN_MS);
    await runCluster('start', ...services);
  };
  const kills = [
    ...SERVICES.map((service) => ({ name: `the ${service} service`, restart: () => restart([service]) })),
    { name: 'all services', restart: () => restart(SERVICES) },
    { name: 'PostgreSQL', restart: () => restart(['postgres']) },
  ];
  return { address, kills, files: [], close: async () => undefined };
}
