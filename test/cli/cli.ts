import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** What is set for us must not reach the command: it would find another Temporal, or another key. */
const OWN = /^(TEMPORAL_(?!CLI_PATH)|LLAMA|npm_|INIT_CWD|VITEST|NODE_)/;

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command as a process, its stdin at its end. */
export class CliProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], { env = {}, cwd }: CliOptions = {}) {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN.test(name)));
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...inherited, ...env },
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

  /** Waits until what it has written to stdout matches. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return await until(
      `${pattern} in ${JSON.stringify(this.stdout + this.stderr)}`,
      () => {
        const match = pattern.exec(this.stdout);
        if (match !== null) return match;
        const { exitCode } = this.#child;
        if (exitCode !== null) throw new Error(`it ended with ${exitCode}: ${this.stdout}${this.stderr}`);
        return undefined;
      },
      90_000,
    );
  }

  async end(): Promise<CliResult> {
    const code = await this.#ended;
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Sends a signal, unless it has ended, and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<CliResult> {
    this.#child.kill(signal);
    return await this.end();
  }
}

/** Runs the command to its end. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return await new CliProcess(args, options).end();
}

/** The one JSON document of an answer. Fails when there is anything else. */
export function documentOf<T>({ stdout }: CliResult): T {
  if (stdout.split('\n').length !== 2) throw new Error(`not one line: ${stdout}`);
  const document: T = JSON.parse(stdout);
  return document;
}
