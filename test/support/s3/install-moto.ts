import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addToCache, findCacheFolder } from '../../../src/testing/temporal/cache.js';
import { runCommand } from '../../../src/testing/temporal/run-command.js';
import { findPython } from '../../../src/testing/temporal/wheel-download.js';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** A folder with the packages of `requirements.txt`, and the Python that they are for. */
export interface InstalledMoto {
  readonly python: string;
  readonly packages: string;
}

/**
 * Finds moto in the cache folder of this package, or installs it there with pip, once: about 15 s and 80 MB. Only wheels, of the versions in
 * `requirements.txt`, into a folder of their own: no virtual environment is needed, and no code of a package runs.
 */
export async function installMoto(onProgress: (message: string) => void = () => undefined): Promise<InstalledMoto> {
  const { env } = process;
  const python = await findPython(runCommand, env);
  const packages = join(findCacheFolder(env), await toFolderName(python));
  if (await isFolder(packages)) return { python, packages };
  onProgress('Installing the S3 server of the tests (moto, 80 MB, once)…');
  await addToCache(packages, async (folder) => {
    const target = join(folder, 'packages');
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check'];
    // Python compiles what it imports when it runs. Compiling all of it takes longer.
    const wheels = ['--only-binary=:all:', '--no-compile', '--target', target, '--requirement', REQUIREMENTS];
    const { code, stderr } = await runCommand(python, [...pip, ...wheels], { env });
    if (code !== 0) throw new Error(`pip can't install moto, the S3 server of the tests: ${stderr.trim()}`);
    return target;
  }).catch(async (error: unknown) => {
    // Another process may have installed it in the meantime.
    if (!(await isFolder(packages))) throw error;
  });
  return { python, packages };
}

/** Of the versions of the packages, and of the Python that they were chosen for. */
async function toFolderName(python: string): Promise<string> {
  const print = 'import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform(), sep="-")';
  const { stdout } = await runCommand(python, ['-c', print], { env: process.env });
  const hash = createHash('sha256').update(await readFile(REQUIREMENTS));
  return `moto-${hash.digest('hex').slice(0, 12)}-${stdout.trim()}`;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}
