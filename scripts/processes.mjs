// The processes of a soak or a simulation: a Temporal server with its database in a file, and workers. They are killed with SIGKILL
// and restarted.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';

const WORKER = fileURLToPath(new URL('../dist/worker.js', import.meta.url));

/** Starts a process and appends what it prints to `processOutput`. */
function start(command, args, { env = {}, cwd, processOutput }) {
  const options = { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = spawn(command, args, options);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => processOutput.push(chunk.toString()));
  const exited = once(child, 'exit');
  return {
    pid: child.pid,
    kill: async (signal = 'SIGKILL') => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      process.kill(child.pid, signal);
      await exited;
    },
  };
}

/** A Temporal server that keeps its port and its database when it is killed and restarted. */
export function createTemporalServer({ path, port, dbFilename, processOutput }) {
  const args = [
    'server',
    'start-dev',
    '--headless',
    '--ip',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--db-filename',
    dbFilename,
    '--log-level',
    'error',
  ];
  const address = `127.0.0.1:${port}`;
  let current;
  return {
    address,
    start: async () => {
      current = start(path, args, { processOutput });
      await waitUntilReady(address);
    },
    kill: () => current?.kill(),
  };
}

async function waitUntilReady(address) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const connection = await Connection.connect({ address, connectTimeout: 2_000 }).catch(() => undefined);
    try {
      if (connection !== undefined) {
        await new Client({ connection }).workflow.count();
        return;
      }
    } catch {
      // It accepts connections before it serves requests.
    } finally {
      await connection?.close();
    }
    if (Date.now() > deadline) throw new Error(`the Temporal server at ${address} is not ready after 60 s`);
    await sleep(100);
  }
}

/** Starts `count` worker processes. @param script Default: the worker of the package. */
export function startWorkers({ count, script = WORKER, ...options }) {
  const running = Array.from({ length: count }, () => start(process.execPath, [script], options));
  return {
    /** Kills a worker and starts another in its place. */
    restart: async (index) => {
      await running[index].kill();
      running[index] = start(process.execPath, [script], options);
    },
    stop: () => Promise.all(running.map((worker) => worker.kill())),
  };
}

/** A port of this machine that is free now. */
export async function findFreePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Runs a command. @returns What it prints to stdout. @throws with what it prints to stderr, if it fails */
export async function runCommand(command, args) {
  const { stdout } = await promisify(execFile)(command, args);
  return stdout;
}
