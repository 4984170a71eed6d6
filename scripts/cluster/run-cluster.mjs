// The script of the cluster, for the soak and the bench.
import { fileURLToPath } from 'node:url';
import { runCommand } from '../processes.mjs';

const SCRIPT = fileURLToPath(new URL('./cluster.sh', import.meta.url));

/** The folder of the cluster. */
export const CLUSTER_DIR = process.env.CLUSTER_DIR ?? fileURLToPath(new URL('../../.cluster', import.meta.url));

/** Runs a command of `npm run cluster`. @returns What it prints: the address of the cluster, for `up`. */
export async function runCluster(...args) {
  return (await runCommand(SCRIPT, args)).trim();
}
