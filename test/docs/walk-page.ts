import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { resolveTemporalCli } from '../../src/testing/index.js';
import { MAIN } from '../cli/cli-process.js';
import { newFolder } from '../support/new-folder.js';
import { inheritedEnv } from '../support/node-process.js';
import { until } from '../support/until.js';

/** A `sh` block of a page, and the lines of the `text` block after it: what is then printed, with three dots for what differs. */
interface Block {
  readonly script: string;
  readonly printed: readonly string[];
}

/** The sections of a page that have `sh` blocks, by heading. */
export async function readSections(path: string): Promise<Map<string, Block[]>> {
  const page = await readFile(path, 'utf8');
  const sections = page.split(/^## /m).map((part) => {
    const blocks = part.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?/gms);
    const toBlock = ([, script = '', printed = '']: RegExpExecArray) => ({ script, printed: toLines(printed) });
    return [part.slice(0, part.indexOf('\n')), [...blocks].map(toBlock)] as const;
  });
  return new Map(sections.filter(([, blocks]) => blocks.length > 0));
}

export interface StepOptions {
  /** What the reader fills in, by variable. */
  readonly values?: Readonly<Record<string, string>>;
  /** The exit code. Default 0. */
  readonly code?: number;
  /** What the reader types. */
  readonly input?: string;
}

/** For a busy machine. */
const PATIENCE_MS = 600_000;

/** What the command prints when it gives up after some seconds. On a busy machine, a person types it again. */
const GAVE_UP = /^error: (Temporal can't be reached|No worker of task queue \S+ answered in time)/m;

/** A value that the reader fills in. */
const TO_FILL_IN = /^export (\w+)=\S*\.\.\.\S*/gm;

/** Does what a section of a page says, block by block, in a shell. What is left running ends with the test. */
export class Walk {
  readonly #title: string;
  readonly #blocks: Block[];
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(title: string, blocks: readonly Block[], folder: string, env: NodeJS.ProcessEnv) {
    this.#title = title;
    this.#blocks = [...blocks];
    this.#folder = folder;
    this.#env = env;
  }

  /** @param env Added to the environment of the test. */
  static async start(title: string, blocks: readonly Block[], env: Record<string, string>): Promise<Walk> {
    const folder = await newFolder('walk-');
    const command = join(folder, 'temporal-llamacloud');
    await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
    await chmod(command, 0o755);
    const { path } = await resolveTemporalCli();
    await symlink(path, join(folder, 'temporal'));
    const inherited = inheritedEnv();
    const PATH = `${folder}${delimiter}${inherited.PATH ?? ''}`;
    // The Temporal CLI looks for its configuration there.
    return new Walk(title, blocks, folder, { ...inherited, ...env, PATH, HOME: folder });
  }

  /** Runs the next block of the section. */
  async step(options: StepOptions = {}): Promise<string> {
    const block = this.#blocks.shift();
    if (block === undefined) throw new Error(`"${this.#title}" has no more blocks`);
    return await this.run(block, options);
  }

  /**
   * Runs a block, and waits until it has ended or, if it starts a worker, until it has printed what the page says.
   *
   * @returns all that was printed
   */
  async run(block: Block, { values = {}, code = 0, input }: StepOptions = {}): Promise<string> {
    const script = fillIn(block.script, values);
    const isWorker = /^temporal-llamacloud worker$/m.test(script);
    for (const deadlineMs = Date.now() + PATIENCE_MS; ; ) {
      const process = this.#spawn(script, input);
      await (isWorker ? process.untilPrinted(block.printed) : process.ended);
      const printed = process.printed();
      const isPrinted = findMissing(printed, block.printed) === undefined;
      if (isPrinted && (isWorker || (await process.ended) === code)) return printed;
      if (!GAVE_UP.test(printed) || Date.now() > deadlineMs)
        throw new Error(
          `The page says of\n${script}that it prints\n${block.printed.join('\n')}\nand exits with ${code}. It printed\n${printed}`,
        );
    }
  }

  /** @throws Error if a block of the section was not run. */
  end(): void {
    expect(this.#blocks, `blocks of "${this.#title}" that were not run`).toEqual([]);
  }

  /** As in a terminal, variables that are exported stay. */
  #spawn(script: string, input: string | undefined): ShellProcess {
    const state = join(this.#folder, 'exported.sh');
    const prelude = `exec 2>&1; if [ -f '${state}' ]; then . '${state}'; fi; trap "export -p > '${state}'" EXIT; set -euo pipefail`;
    return new ShellProcess(`${prelude}\n${script}`, { env: this.#env, cwd: this.#folder, input });
  }
}

class ShellProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  #printed = '';

  constructor(
    script: string,
    { input, ...options }: { env: NodeJS.ProcessEnv; cwd: string; input: string | undefined },
  ) {
    // In a group of its own, which ends with the test.
    this.#child = spawn('bash', ['-c', script], { ...options, detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdin?.on('error', () => undefined).end(input);
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#printed += chunk;
    });
    this.ended = once(this.#child, 'close').then(() => this.#child.exitCode);
    onTestFinished(async () => {
      if (!this.hasEnded() && this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
      await this.ended;
    });
  }

  /** Waits until it has printed these lines, or has ended. */
  async untilPrinted(lines: readonly string[]): Promise<void> {
    const isDone = () => this.hasEnded() || findMissing(this.#printed, lines) === undefined;
    await until(`${lines.join('\n')} in ${this.#printed}`, isDone, PATIENCE_MS);
  }

  printed(): string {
    return this.#printed;
  }

  hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

function fillIn(script: string, values: Readonly<Record<string, string>>): string {
  const left = new Map(Object.entries(values));
  const filled = script.replace(TO_FILL_IN, (_line, name: string) => {
    const value = left.get(name);
    if (value === undefined) throw new Error(`the reader has no value for ${name}`);
    left.delete(name);
    return `export ${name}='${value}'`;
  });
  expect([...left.keys()], 'variables that the block does not set').toEqual([]);
  return filled;
}

/** The first line of the page that is not printed after the ones before it. */
function findMissing(output: string, lines: readonly string[]): string | undefined {
  const printed = toLines(output);
  return lines.find((line) => {
    const index = printed.findIndex((each) => toPattern(line).test(each));
    if (index === -1) return true;
    printed.splice(0, index + 1);
    return false;
  });
}

function toLines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function toPattern(line: string): RegExp {
  const words = line.trim().split(/\s+/);
  const parts = words.map((word) => word.split('...').map(escapeForRegExp).join('.*'));
  return new RegExp(`^\\s*${parts.join('\\s+')}\\s*$`);
}

function escapeForRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
