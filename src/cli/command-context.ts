import type { Writable } from 'node:stream';
import { redactUrls } from '../protocol/index.js';
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
  /** Secrets that options give. They are removed from the output. */
  readonly #secrets = new Set<string>();

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

  /** Removes a secret that an option gives from everything that is printed from here on. */
  addSecret(secret: string): void {
    this.#secrets.add(secret);
  }

  /** Prints a line of the result or the progress, for people. */
  info(line = ''): void {
    this.infoStream.write(`${this.#redact(line)}\n`);
  }

  /** Prints a warning or an error. */
  warn(line: string): void {
    this.io.stderr.write(`${this.#redact(line)}\n`);
  }

  /** Prints the result for machines. Nothing without `--json`. */
  json(document: object): void {
    if (this.isJson) this.#writeJson(document, (text) => text);
  }

  /**
   * Prints a response of LlamaCloud: the document with `--json`, and where stdout is no terminal, and otherwise `lines`. A response may
   * have keys that nobody knows, so the secrets in the URLs of all its texts are removed.
   */
  response(document: object, lines: readonly string[]): void {
    if (this.isJson || !this.io.stdout.isTTY) this.#writeJson(document, redactUrls);
    else for (const line of lines) this.info(redactUrls(line));
  }

  /** Each text is redacted before JSON escapes it: a secret with a quote would not be found any more. */
  #writeJson(document: object, redact: (text: string) => string): void {
    const json = JSON.stringify(document, (_key, value: unknown) =>
      typeof value === 'string' ? redact(this.#redact(value)) : value,
    );
    this.io.stdout.write(`${json}\n`);
  }

  #redact(text: string): string {
    return redactSecrets(text, this.env, this.#secrets);
  }
}

/** The reader of the output has gone away (`| head -1`), or the output can't be written (a full disk). */
function exitOnWriteError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(SIGPIPE_EXIT_CODE);
  process.stderr.write(`error: Could not write the output: ${error.message}\n`);
  process.exit(1);
}
