import { resolve } from 'node:path';

/** Scripts of this package that run the command. npm runs them in the package's folder. */
const PACKAGE_SCRIPTS: ReadonlySet<string | undefined> = new Set(['start', 'cli']);

/** Resolves a path from the folder that the user called the command in, also through `npm start`. */
export function resolveUserPath(path: string, env: NodeJS.ProcessEnv = process.env): string {
  const isScript = env.npm_package_name === 'temporal-llamacloud' && PACKAGE_SCRIPTS.has(env.npm_lifecycle_event);
  return resolve((isScript ? env.INIT_CWD : undefined) ?? process.cwd(), path);
}
