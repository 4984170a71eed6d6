// CPU time of the Temporal server and the worker, from /proc: it changes far less than files per second when the machine is busy.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const MS_PER_TICK = 10;

/**
 * Measures the CPU time that the processes under this one take, and those of a cluster on this machine.
 *
 * @param clusterDir The folder of the cluster. Without it, a server that this process has not started is left out.
 * @returns What `run` returns, and the CPU time in ms of the worker and of the server meanwhile.
 */
export async function measureCpu({ clusterDir, workerPid }, run) {
  const roots = [process.pid, ...(clusterDir === undefined ? [] : await readClusterPids(clusterDir))];
  const before = await readCpu(roots, workerPid);
  const result = await run();
  const after = await readCpu(roots, workerPid);
  return { result, workerCpuMs: after.workerMs - before.workerMs, serverCpuMs: after.serverMs - before.serverMs };
}

/** The emulator and the client run in this process, which counts for neither. */
async function readCpu(roots, workerPid) {
  const processes = await readProcesses();
  const total = sumTree(processes, new Set(roots)) - (processes.get(process.pid)?.ms ?? 0);
  const workerMs = processes.get(workerPid)?.ms ?? 0;
  return { workerMs, serverMs: total - workerMs };
}

function sumTree(processes, included) {
  let ms = 0;
  for (const [pid, process] of processes) if (isUnder(processes, pid, included)) ms += process.ms;
  return ms;
}

function isUnder(processes, pid, roots) {
  for (let current = pid; current !== undefined; current = processes.get(current)?.parent)
    if (roots.has(current)) return true;
  return false;
}

async function readProcesses() {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(pids.map(readProcess));
  return new Map(entries.filter((entry) => entry !== undefined));
}

async function readProcess(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name before the last parenthesis may have spaces.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined) return undefined;
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return [Number(pid), { parent: Number(fields[1]), ms: ticks * MS_PER_TICK }];
}

async function readClusterPids(dir) {
  const files = ['frontend.pid', 'history.pid', 'matching.pid', 'worker.pid', 'pg/data/postmaster.pid'];
  return Promise.all(files.map(async (file) => Number.parseInt(await readFile(join(dir, file), 'utf8'), 10)));
}
