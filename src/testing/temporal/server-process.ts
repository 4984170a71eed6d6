import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

export interface ServerProcessOptions {
  readonly path: string;
  readonly args: readonly string[];
  /** Lets the server end by itself within 5 s, to close its database, before it is killed. Default: it is killed at once. */
  readonly gentle?: boolean;
  /** A file that the server's output is appended to. Default: it goes nowhere but to {@link ServerProcess.output}. */
  readonly logFile?: string | undefined;
}

/** A server that runs as a process. */
export interface ServerProcess {
  /** Resolves when the server has ended, however that came. */
  readonly ended: Promise<void>;
  /** The last that the server wrote, for a message about why it did not start; empty with a `logFile`. */
  output(): string;
  /** Ends the server and waits until it is gone. May be called again. */
  stop(): Promise<void>;
}

/**
 * Stands between us and the server, so that the server ends with us, whatever ends us: when our end of its stdin closes,
 * be it by a crash or SIGKILL, it ends the server.
 */
export const GUARD = `
const { spawn } = require('node:child_process');
const [, gentle, path, ...args] = process.argv;
const server = spawn(path, args, { stdio: ['ignore', 'inherit', 'inherit'], windowsHide: true });
server.on('error', (error) => { console.error(error.message); process.exit(1); });
server.on('exit', (code) => process.exit(code ?? 1));
process.stdin.on('close', () => {
  server.kill(gentle === 'gentle' ? 'SIGTERM' : 'SIGKILL');
  setTimeout(() => server.kill('SIGKILL'), 5000);
}).resume();
`;

const KEPT_OUTPUT_CHARS = 4_000;

/**
 * Starts a server. It is in a process group of its own, so that a Ctrl-C in the terminal reaches only us, who close our
 * workers first and then the server.
 */
export function startServerProcess({ path, args, gentle = false, logFile }: ServerProcessOptions): ServerProcess {
  const log = logFile === undefined ? undefined : openSync(logFile, 'a');
  const guard = spawn(process.execPath, ['-e', GUARD, gentle ? 'gentle' : 'at-once', path, ...args], {
    stdio: ['pipe', log ?? 'pipe', log ?? 'pipe'],
    detached: true,
    windowsHide: true,
  });
  if (log !== undefined) closeSync(log);

  const ended = once(guard, 'close').then(
    () => undefined,
    () => undefined,
  );
  let kept = '';
  for (const stream of [guard.stdout, guard.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      kept = (kept + chunk).slice(-KEPT_OUTPUT_CHARS);
    });
  }
  return {
    ended,
    output: () => kept.trim(),
    stop: () => {
      guard.stdin?.destroy();
      return ended;
    },
  };
}
