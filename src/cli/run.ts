import { CommanderError } from 'commander';
import { Interrupted } from './errors.js';
import { explain } from './explain.js';
import { createProgram } from './program.js';
import { Session } from './session.js';

/** Runs the command. Returns its exit code: 0 fine, 1 the run failed, 2 wrong usage, 128 and more a signal. */
export async function run(argv: readonly string[]): Promise<number> {
  const session = new Session(argv);
  const { program, outcome } = createProgram(session);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Interrupted) return error.exitCode;
    return report(session, error);
  }
}

function report(session: Session, error: unknown): number {
  const { type, message, hint, exitCode } = explain(error, session.place);
  session.warn(`error: ${message}`);
  if (hint !== undefined) session.warn(`hint: ${hint}`);
  if (session.debug) session.warn(stackOf(error));
  session.answer({ ok: false, error: { type, message, ...(hint === undefined ? {} : { hint }) } });
  return exitCode;
}

/** The stacks only: the properties of an error may be anything, a configuration with its keys for one. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}
