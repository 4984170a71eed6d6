import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Result of a command that has exited. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Kills the command with SIGKILL and rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a command until it exits, and resolves with its exit code, also if it is not 0. Rejects if the command can't be started (`ENOENT`
 * if there is no such command) or is killed by a signal.
 */
export type RunCommand = (command: string, args: readonly string[], options: CommandOptions) => Promise<CommandResult>;

/** The {@link RunCommand} that starts real processes. */
export const runCommand: RunCommand = async (command, args, { env, signal }) => {
  const running = promisify(execFile)(command, args, {
    env,
    killSignal: 'SIGKILL',
    windowsHide: true,
    ...(signal === undefined ? {} : { signal }),
  });
  // A command that reads from stdin must not wait for us.
  running.child.stdin?.end();
  try {
    return { code: 0, ...(await running) };
  } catch (error) {
    const result = toResult(error);
    if (result === undefined) throw error;
    return result;
  }
};

/** `execFile` rejects with an error that has the output, and the exit code as a number. */
function toResult(error: unknown): CommandResult | undefined {
  if (!(error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error)) return undefined;
  const { code, stdout, stderr } = error;
  return typeof code === 'number' ? { code, stdout: String(stdout), stderr: String(stderr) } : undefined;
}
