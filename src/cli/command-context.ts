import type { TemporalTarget } from './errors.js';
import { ProcessSignals } from './process-signals.js';
import { redactSecrets } from './redact-secrets.js';

/** What a shell reports for a process that SIGPIPE has ended: 128 + 13. */
const SIGPIPE_EXIT_CODE = 141;

const DEFAULT_TARGET: TemporalTarget = { address: 'localhost:7233', namespace: 'default' };

/** One invocation of the command: its output, its signals and its exit code. */
export class CommandContext {
  readonly signals = new ProcessSignals();
  /** `--json`: stdout gets one JSON document, stderr everything else. */
  readonly isJson: boolean;
  /** `--debug`: errors are printed with their stack traces. */
  readonly isDebug: boolean;
  /** The Temporal server and namespace in use, for error messages. Set once the configuration is read. */
  temporalTarget: TemporalTarget = DEFAULT_TARGET;
  /** Exit code of a command that does not throw. */
  exitCode = 0;

  constructor(argv: readonly string[]) {
    this.isJson = argv.includes('--json');
    this.isDebug = argv.includes('--debug');
    process.stdout.on('error', exitOnWriteError);
    process.stderr.on('error', () => process.exit(SIGPIPE_EXIT_CODE));
  }

  /** Where {@link info} writes. */
  get infoStream(): NodeJS.WriteStream {
    return this.isJson ? process.stderr : process.stdout;
  }

  /** Prints a line of the result or the progress, for people. */
  info(line = ''): void {
    this.infoStream.write(`${redactSecrets(line)}\n`);
  }

  /** Prints a warning or an error. */
  warn(line: string): void {
    process.stderr.write(`${redactSecrets(line)}\n`);
  }

  /** Prints the result for machines. Nothing without `--json`. */
  json(document: object): void {
    if (this.isJson) process.stdout.write(`${redactSecrets(JSON.stringify(document))}\n`);
  }
}

/** The reader of the output has gone away (`| head -1`), or the output can't be written (a full disk). */
function exitOnWriteError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(SIGPIPE_EXIT_CODE);
  process.stderr.write(`error: Could not write the output: ${error.message}\n`);
  process.exit(1);
}
