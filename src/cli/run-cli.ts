import { CommanderError } from 'commander';
import { type CliIo, CommandContext } from './command-context.js';
import { InterruptedError } from './errors.js';
import { createProgram } from './program.js';
import { toCliError } from './to-cli-error.js';

/**
 * Runs the command and returns its exit code. The help of the program lists the codes.
 *
 * @param io Where it writes, and its environment variables. Default: those of the process.
 */
export async function runCli(argv: readonly string[], io: CliIo = process): Promise<number> {
  const context = new CommandContext(argv, io);
  try {
    await createProgram(context).parseAsync(argv, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // commander throws for --help and --version too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof InterruptedError) return error.exitCode;
    return printError(context, error);
  } finally {
    context.signals.unlisten();
  }
}

function printError(context: CommandContext, error: unknown): number {
  const { type, message, hint, exitCode } = toCliError(error, context.temporalTarget);
  context.warn(`error: ${message}`);
  if (hint !== undefined) context.warn(`hint: ${hint}`);
  if (context.isDebug) context.warn(renderStack(error));
  context.json({ ok: false, error: { type, message, ...(hint === undefined ? {} : { hint }) } });
  return exitCode;
}

/** Stack traces only: the other properties of an error may hold anything, such as a configuration with keys. */
function renderStack(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\ncaused by ${renderStack(error.cause)}` : stack;
}
