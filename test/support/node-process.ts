import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from './until.js';

/** Variables that a process of a test must not inherit from the test runner: with them it would use another server or key. */
const NOT_INHERITED = /^(TEMPORAL_(?!CLI_PATH)|LLAMA|npm_|INIT_CWD|VITEST|NODE_)/;

export interface ProcessOptions {
  /** `undefined`: not set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface ProcessResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Node process. Its stdin is empty. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], { env = {}, cwd }: ProcessOptions = {}) {
    this.#child = spawn(process.execPath, [...args], {
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

  async end(): Promise<ProcessResult> {
    const code = await this.#ended;
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Sends a signal, and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessResult> {
    this.#child.kill(signal);
    return await this.end();
  }
}

/** The environment of the test, without what would lead to another server or key. */
export function inheritedEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name)));
}
