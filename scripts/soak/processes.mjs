// The processes of a soak: a Temporal server with its database in a file, and workers. Each is killed by SIGKILL and started
// again; at the end all of them are ended, by process id.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';

const WORKER = fileURLToPath(new URL('../../dist/worker.js', import.meta.url));

function start(command, args, { env = {}, cwd, log }) {
  const options = { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = spawn(command, args, options);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.push(chunk.toString()));
  const ended = once(child, 'exit');
  return {
    pid: child.pid,
    kill: async (signal = 'SIGKILL') => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      process.kill(child.pid, signal);
      await ended;
    },
  };
}

/** A server that keeps its port and its database over being killed. */
export function temporalServer({ path, port, dbFilename, log }) {
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
      current = start(path, args, { log });
      await untilServes(address);
    },
    kill: () => current?.kill(),
  };
}

async function untilServes(address) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const connection = await Connection.connect({ address, connectTimeout: 2_000 }).catch(() => undefined);
    try {
      if (connection !== undefined) {
        await new Client({ connection }).workflow.count();
        return;
      }
    } catch {
      // It listens before it lets clients in.
    } finally {
      await connection?.close();
    }
    if (Date.now() > deadline) throw new Error(`the Temporal server at ${address} does not serve`);
    await sleep(100);
  }
}

export function workers({ count, ...options }) {
  const running = Array.from({ length: count }, () => start(process.execPath, [WORKER], options));
  return {
    all: [...running.keys()],
    kill: async (index) => {
      await running[index].kill();
      running[index] = start(process.execPath, [WORKER], options);
    },
    stop: () => Promise.all(running.map((worker) => worker.kill())),
  };
}
