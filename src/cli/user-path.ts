import { resolve } from 'node:path';
import { parseLocation } from '../outputs/index.js';

/** Scripts of this package that run the command. npm runs them in the package's folder. */
const PACKAGE_SCRIPTS: ReadonlySet<string | undefined> = new Set(['start', 'cli']);

/** Resolves a path from the folder that the user called the command in, also through `npm start`. */
export function resolveUserPath(path: string, env: NodeJS.ProcessEnv = process.env): string {
  const isScript = env.npm_package_name === 'temporal-llamacloud' && PACKAGE_SCRIPTS.has(env.npm_lifecycle_event);
  return resolve((isScript ? env.INIT_CWD : undefined) ?? process.cwd(), path);
}

/** As {@link resolveUserPath}, of an output location: `s3://bucket/prefix` stays as it is. @throws TypeError if it is no location. */
export function resolveUserOutput(location: string, env: NodeJS.ProcessEnv = process.env): string {
  return resolveUserLocation(location, 'output', env);
}

/** The same, for messages about an output or a source. */
export function resolveUserLocation(
  location: string,
  use: 'output' | 'source',
  env: NodeJS.ProcessEnv = process.env,
): string {
  const parsed = parseLocation(location, use);
  return parsed.type === 'directory' ? resolveUserPath(parsed.path, env) : location.trim();
}
