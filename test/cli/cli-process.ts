import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../src/cli/run-cli.js';
import { inheritedEnv, NodeProcess, type ProcessOptions, type ProcessResult } from '../support/node-process.js';

/** Path of the built command. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CliOptions extends ProcessOptions {
  /** Path of the command. Default: the one of this checkout. */
  readonly main?: string;
}

export type CliResult = ProcessResult;

/** The built command as a process. */
export class CliProcess extends NodeProcess {
  constructor(args: readonly string[], { main = MAIN, ...options }: CliOptions = {}) {
    super([main, ...args], options);
  }
}

/**
 * Runs the command to its end, in this process: a new one takes a second of CPU to load the SDK. Not for what the process itself
 * does, or what the command does only once in a process: signals, the working folder, the SDK's runtime of `worker` and `dev`.
 */
export async function cli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { isTTY = false }: { readonly isTTY?: boolean } = {},
): Promise<CliResult> {
  const [stdout, stderr] = [new TextOutput(isTTY), new TextOutput(isTTY)];
  const code = await runCli(args, { stdout, stderr, env: { ...inheritedEnv(), ...env } });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** What a command prints in this process. */
export class TextOutput extends Writable {
  text = '';

  constructor(readonly isTTY: boolean) {
    super();
  }

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
