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
  /** Kills the command with SIGKILL. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a command until it exits, and resolves with its exit code, even if it is not 0. Rejects if the command can't be started (`ENOENT`
 * if there is no such command) or is killed by a signal.
 */
export type RunCommand = (command: string, args: readonly string[], options: CommandOptions) => Promise<CommandResult>;

/** The {@link RunCommand} that starts real processes. */
export const runCommand: RunCommand = async (command, args, { env, signal }) => {
  const running = promisify(execFile)(command, args, { env, windowsHide: true });
  const { child } = running;
  // A command that reads from stdin must not wait for us.
  child.stdin?.end();
  // Not execFile's own `signal`, which sends SIGTERM and does not wait for the exit.
  const kill = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  if (signal?.aborted) kill();
  try {
    return { code: 0, ...(await running) };
  } catch (error) {
    const result = toResult(error);
    if (result === undefined) throw error;
    return result;
  } finally {
    signal?.removeEventListener('abort', kill);
  }
};

/** `execFile` rejects with an error that has the output, and the exit code as a number. */
function toResult(error: unknown): CommandResult | undefined {
  if (!(error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error)) return undefined;
  const { code, stdout, stderr } = error;
  return typeof code === 'number' ? { code, stdout: String(stdout), stderr: String(stderr) } : undefined;
}
