import { constants } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ExecutableSpec } from './executables.js';

/** The machine that executables are looked for on; `process` is one. */
export interface Host {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
}

const UNFINISHED = '.fetch-';
/** A folder that a killed download left is kept this long, since a slow one that still runs looks the same. */
const UNFINISHED_KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * The folder that downloaded executables are kept in: `TEMPORAL_LLAMACLOUD_CACHE`, else `temporal-llamacloud` in the
 * user's cache folder (`XDG_CACHE_HOME`, `~/.cache`; `~/Library/Caches` on a Mac; `LOCALAPPDATA` on Windows).
 */
export function cacheDirectory(env: NodeJS.ProcessEnv, host: Host): string {
  if (env.TEMPORAL_LLAMACLOUD_CACHE) return env.TEMPORAL_LLAMACLOUD_CACHE;
  return join(userCacheDirectory(env, host), 'temporal-llamacloud');
}

function userCacheDirectory(env: NodeJS.ProcessEnv, host: Host): string {
  const home = env.HOME || homedir();
  if (env.XDG_CACHE_HOME) return env.XDG_CACHE_HOME;
  if (host.platform === 'darwin') return join(home, 'Library', 'Caches');
  if (host.platform === 'win32') return env.LOCALAPPDATA || join(home, 'AppData', 'Local');
  return join(home, '.cache');
}

/** Where an executable is once it has been fetched. The name tells the version and the machine, so none goes stale. */
export function cachedPath(spec: ExecutableSpec, env: NodeJS.ProcessEnv, host: Host): string {
  const name = `${spec.command}-${spec.version}-${host.platform}-${host.arch}`;
  return join(cacheDirectory(env, host), host.platform === 'win32' ? `${name}.exe` : name);
}

/** Whether this is a file that we may run. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * Puts a file into the cache so that it appears there whole or not at all: `fetch` gets a folder of its own and returns
 * the path of the file that it made, which is then renamed. Two processes at once each rename a good file, and a killed
 * one leaves nothing but a folder that a later fetch removes.
 *
 * @param target the path in the cache
 */
export async function addToCache(target: string, fetch: (folder: string) => Promise<string>): Promise<void> {
  const cache = join(target, '..');
  await mkdir(cache, { recursive: true });
  await removeUnfinished(cache);
  const folder = await mkdtemp(join(cache, UNFINISHED));
  try {
    const fetched = await fetch(folder);
    await chmod(fetched, 0o755);
    await rename(fetched, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeUnfinished(cache: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.startsWith(UNFINISHED));
  for (const folder of names.map((name) => join(cache, name))) {
    // Another process may finish, and remove its folder, at this moment.
    const age = await stat(folder).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > UNFINISHED_KEPT_MS) await rm(folder, { recursive: true, force: true });
  }
}
