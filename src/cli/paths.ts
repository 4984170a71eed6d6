import { resolve } from 'node:path';

/** Our own scripts: npm runs them in the checkout, wherever they were called from. */
const OWN_SCRIPTS: ReadonlySet<string | undefined> = new Set(['start', 'cli']);

/** A path that a person typed, from where they typed it. */
export function typedPath(path: string, env: NodeJS.ProcessEnv = process.env): string {
  const byNpm = env.npm_package_name === 'temporal-llamacloud' && OWN_SCRIPTS.has(env.npm_lifecycle_event);
  return resolve((byNpm ? env.INIT_CWD : undefined) ?? process.cwd(), path);
}
