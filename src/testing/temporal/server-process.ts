import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

export interface ServerProcessOptions {
  readonly path: string;
  readonly args: readonly string[];
  /** On stop, send SIGTERM and wait up to 5 s, so that the server closes its database. Default false: send SIGKILL. */
  readonly graceful?: boolean;
  /** File that the server's output is appended to. Default: only {@link ServerProcess.output} has it. */
  readonly logFile?: string | undefined;
}

/** A running server. */
export interface ServerProcess {
  /** Resolves when the server has exited. */
  readonly exited: Promise<void>;
  /** The last 4,000 characters of the server's output, to say why it did not start. Empty with a `logFile`. */
  output(): string;
  /** Stops the server and waits until it has exited. May be called again. */
  stop(): Promise<void>;
}

/**
 * Script of the process between this one and the server. It stops the server when its stdin closes, which happens whenever this process
 * ends, also by a crash or SIGKILL.
 */
export const SUPERVISOR = `
const { spawn } = require('node:child_process');
const [, signal, path, ...args] = process.argv;
const server = spawn(path, args, { stdio: ['ignore', 'inherit', 'inherit'], windowsHide: true });
server.on('error', (error) => { console.error(error.message); process.exit(1); });
server.on('exit', (code) => process.exit(code ?? 1));
process.stdin.on('close', () => {
  server.kill(signal);
  setTimeout(() => server.kill('SIGKILL'), 5000);
}).resume();
`;

const MAX_OUTPUT_LENGTH = 4_000;

/**
 * Starts a server in a process group of its own: Ctrl-C in the terminal reaches this process only, which stops its workers first and
 * the server last.
 */
export function startServerProcess({ path, args, graceful = false, logFile }: ServerProcessOptions): ServerProcess {
  const log = logFile === undefined ? undefined : openSync(logFile, 'a');
  const supervisor = spawn(process.execPath, ['-e', SUPERVISOR, graceful ? 'SIGTERM' : 'SIGKILL', path, ...args], {
    stdio: ['pipe', log ?? 'pipe', log ?? 'pipe'],
    detached: true,
    windowsHide: true,
  });
  if (log !== undefined) closeSync(log);

  const exited = once(supervisor, 'close').then(
    () => undefined,
    () => undefined,
  );
  let output = '';
  for (const stream of [supervisor.stdout, supervisor.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-MAX_OUTPUT_LENGTH);
    });
  }
  return {
    exited,
    output: () => output.trim(),
    stop: () => {
      supervisor.stdin?.destroy();
      return exited;
    },
  };
}
