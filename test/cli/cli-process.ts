import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../src/cli/run-cli.js';
import { until } from '../support/until.js';

/** Path of the built command. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Variables that the command must not inherit from the test runner: with them it would use another server or key. */
const NOT_INHERITED = /^(TEMPORAL_(?!CLI_PATH)|LLAMA|npm_|INIT_CWD|VITEST|NODE_)/;

export interface CliOptions {
  /** `undefined`: not set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command as a process. Its stdin is empty. */
export class CliProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], { env = {}, cwd }: CliOptions = {}) {
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...inheritedEnv(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stdout += chunk;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
    });
    this.#ended = once(this.#child, 'close').then(() => this.#child.exitCode);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Waits until the stdout so far matches. */
  async waitForOutput(pattern: RegExp): Promise<RegExpExecArray> {
    return await until(`${pattern} in ${JSON.stringify(this.stdout + this.stderr)}`, () => {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      const { exitCode } = this.#child;
      if (exitCode !== null) throw new Error(`it ended with ${exitCode}: ${this.stdout}${this.stderr}`);
      return undefined;
    });
  }

  /** Closes the reading end of its stdout, as `| head` does. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  async end(): Promise<CliResult> {
    const code = await this.#ended;
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Sends a signal, and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<CliResult> {
    this.#child.kill(signal);
    return await this.end();
  }
}

function inheritedEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name)));
}

/**
 * Runs the command to its end, in this process: a new one takes a second of CPU to load the SDK. Not for what the process itself
 * does, or what the command does only once in a process: signals, the working folder, the SDK's runtime of `worker` and `dev`.
 */
export async function cli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  const [stdout, stderr] = [new TextOutput(), new TextOutput()];
  const code = await runCli(args, { stdout, stderr, env: { ...inheritedEnv(), ...env } });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class TextOutput extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** Runs the built command to its end, as a process. */
export async function cliProcess(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return await new CliProcess(args, options).end();
}

/** Reads the JSON document on stdout. Throws if there is anything else on stdout. */
export function readJson<T>({ stdout }: CliResult): T {
  if (stdout.split('\n').length !== 2) throw new Error(`not one line: ${stdout}`);
  const json: T = JSON.parse(stdout);
  return json;
}
