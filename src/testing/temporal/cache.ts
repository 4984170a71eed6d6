import { constants } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import type { ExecutableSpec } from './executables.js';

/** The platform that executables are for. `process` is one. */
export interface Host {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
}

const TEMPORARY_PREFIX = '.fetch-';
/** A slow download looks the same as a killed one, so the folder of either is kept this long. */
const TEMPORARY_MAX_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * The folder of downloaded executables: `TEMPORAL_LLAMACLOUD_CACHE`, or `temporal-llamacloud` in the user's cache folder (`~/.cache` or
 * `XDG_CACHE_HOME` on Linux, `~/Library/Caches` on macOS).
 */
export function findCacheFolder(env: NodeJS.ProcessEnv): string {
  return env.TEMPORAL_LLAMACLOUD_CACHE || envPaths('temporal-llamacloud', { suffix: '' }).cache;
}

/** Path of an executable in the cache. The name has the version and the platform, so that no file goes stale. */
export function toCachePath(spec: ExecutableSpec, env: NodeJS.ProcessEnv, host: Host): string {
  const name = `${spec.command}-${spec.version}-${host.platform}-${host.arch}`;
  return join(findCacheFolder(env), host.platform === 'win32' ? `${name}.exe` : name);
}

/** Whether this is a file that can be run. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * Adds a file to the cache atomically: `download` makes it in a temporary folder and returns its path, then it is renamed. Two processes
 * at once each rename a good file. A killed process leaves a temporary folder, which a later call removes.
 *
 * @param target Path in the cache.
 */
export async function addToCache(target: string, download: (folder: string) => Promise<string>): Promise<void> {
  const cache = join(target, '..');
  await mkdir(cache, { recursive: true });
  await removeOldFolders(cache);
  const folder = await mkdtemp(join(cache, TEMPORARY_PREFIX));
  try {
    const file = await download(folder);
    await chmod(file, 0o755);
    await rename(file, target);
  } finally {
    // A download that was killed may still write for a moment.
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function removeOldFolders(cache: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.startsWith(TEMPORARY_PREFIX));
  for (const folder of names.map((name) => join(cache, name))) {
    // Another process may remove its folder at this moment.
    const ageMs = await stat(folder).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (ageMs > TEMPORARY_MAX_AGE_MS) await rm(folder, { recursive: true, force: true });
  }
}
