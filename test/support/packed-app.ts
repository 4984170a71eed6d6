import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface PackedAppOptions {
  /** Packages that are not installed, such as `@temporalio/testing`. */
  without?: readonly string[];
}

/**
 * Makes an application that has installed the package as npm packs it. Dependencies are linked from this checkout.
 *
 * @returns Its folder. Remove it in the end.
 */
export async function installPackedApp({ without = [] }: PackedAppOptions = {}): Promise<string> {
  const run = promisify(execFile);
  const app = await mkdtemp(join(tmpdir(), 'packed-'));
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', app], { cwd: ROOT });
  const [tarball = ''] = (await readdir(app)).filter((name) => name.endsWith('.tgz'));
  const installed = join(app, 'node_modules', 'temporal-llamacloud');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', join(app, tarball), '--strip-components=1', '-C', installed]);
  for (const name of await listModules()) {
    if (without.includes(name)) continue;
    const link = join(app, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), link);
  }
  await writeFile(join(app, 'package.json'), '{ "type": "module" }');
  return app;
}

/** Names of the packages that this checkout has installed. */
async function listModules(): Promise<string[]> {
  const listIn = (folder: string) => readdir(join(ROOT, 'node_modules', folder));
  const names = (await listIn('.')).filter((name) => !name.startsWith('.'));
  const scoped = names.filter((name) => name.startsWith('@'));
  const inScopes = await Promise.all(
    scoped.map(async (scope) => (await listIn(scope)).map((name) => `${scope}/${name}`)),
  );
  return [...names.filter((name) => !name.startsWith('@')), ...inScopes.flat()];
}
