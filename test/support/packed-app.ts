import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface PackedAppOptions {
  /** Packages of `@temporalio` that are not installed. */
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
  const link = (name: string) => symlink(join(ROOT, 'node_modules', name), join(app, 'node_modules', name));
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.') && name !== '@temporalio') await link(name);
  }
  await mkdir(join(app, 'node_modules', '@temporalio'));
  for (const name of await readdir(join(ROOT, 'node_modules', '@temporalio'))) {
    if (!without.includes(name)) await link(`@temporalio/${name}`);
  }
  await writeFile(join(app, 'package.json'), '{ "type": "module" }');
  return app;
}
