import type { Writable } from 'node:stream';
import type { TemporalTarget } from './errors.js';
import { ProcessSignals } from './process-signals.js';
import { redactSecrets } from './redact-secrets.js';
import { quoteForShell } from './text.js';

/** What a shell reports for a process that SIGPIPE has ended: 128 + 13. */
const SIGPIPE_EXIT_CODE = 141;

const DEFAULT_TARGET: TemporalTarget = { address: 'localhost:7233', namespace: 'default' };

/** A terminal, a pipe or a file. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Where the command writes, and its environment variables. */
export interface CliIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: NodeJS.ProcessEnv;
}

/** One invocation of the command: its output, its signals and its exit code. */
export class CommandContext {
  readonly signals = new ProcessSignals();
  /** `--json`: stdout gets one JSON document, stderr everything else. */
  readonly isJson: boolean;
  /** `--debug`: errors are printed with their stack traces. */
  readonly isDebug: boolean;
  /** The Temporal server and namespace in use, for error messages. Set once the configuration is read. */
  temporalTarget: TemporalTarget = DEFAULT_TARGET;
  /** The Temporal flags of this invocation. */
  temporalArgs: readonly string[] = [];
  /** Exit code of a command that does not throw. */
  exitCode = 0;

  constructor(
    argv: readonly string[],
    readonly io: CliIo,
  ) {
    this.isJson = argv.includes('--json');
    this.isDebug = argv.includes('--debug');
    io.stdout.on('error', exitOnWriteError);
    io.stderr.on('error', () => process.exit(SIGPIPE_EXIT_CODE));
  }

  /** The environment variables. */
  get env(): NodeJS.ProcessEnv {
    return this.io.env;
  }

  /** Where {@link info} writes. */
  get infoStream(): Output {
    return this.isJson ? this.io.stderr : this.io.stdout;
  }

  /** A command to paste into a shell: it uses the same Temporal server as this one. */
  renderCommand(...args: readonly string[]): string {
    return ['temporal-llamacloud', ...args, ...this.temporalArgs].map(quoteForShell).join(' ');
  }

  /** Prints a line of the result or the progress, for people. */
  info(line = ''): void {
    this.infoStream.write(`${redactSecrets(line, this.env)}\n`);
  }

  /** Prints a warning or an error. */
  warn(line: string): void {
    this.io.stderr.write(`${redactSecrets(line, this.env)}\n`);
  }

  /** Prints the result for machines. Nothing without `--json`. */
  json(document: object): void {
    if (this.isJson) this.io.stdout.write(`${redactSecrets(JSON.stringify(document), this.env)}\n`);
  }
}

/** The reader of the output has gone away (`| head -1`), or the output can't be written (a full disk). */
function exitOnWriteError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(SIGPIPE_EXIT_CODE);
  process.stderr.write(`error: Could not write the output: ${error.message}\n`);
  process.exit(1);
}
