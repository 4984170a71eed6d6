import { access, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ExecutableSpec } from './executables.js';
import type { RunCommand } from './run-command.js';

interface SdkDownload {
  readonly spec: ExecutableSpec;
  readonly env: NodeJS.ProcessEnv;
  readonly run: RunCommand;
  /** An empty folder to work in. */
  readonly folder: string;
  /** How long the download may take to begin, in milliseconds. */
  readonly beginWithinMs?: number;
}

/** A firewall that drops packets would otherwise hold the SDK's request for minutes. */
const BEGIN_WITHIN_MS = 15_000;

/**
 * The SDK has no "download only": it downloads when it starts a server. So a process of its own starts one and stops it,
 * which also keeps the server's banner off our stdout and leaves the SDK's one Runtime for the application to install.
 */
const SCRIPT = `
const [, testing, server, version, downloadDir] = process.argv;
const { TestWorkflowEnvironment: Env } = require(testing);
const options = { server: { executable: { type: 'cached-download', version, downloadDir } } };
(server === 'dev-server' ? Env.createLocal(options) : Env.createTimeSkipping(options))
  .then((env) => env.teardown())
  .catch((error) => { console.error(error.message); process.exitCode = 1; });
`;

/**
 * Fetches an executable as the Temporal SDK does (its `cached-download`), at our version.
 *
 * @returns the path of the executable, inside `folder`
 * @throws Error saying why there is none
 */
export async function downloadWithSdk({
  spec,
  env,
  run,
  folder,
  beginWithinMs = BEGIN_WITHIN_MS,
}: SdkDownload): Promise<string> {
  const testing = createRequire(import.meta.url).resolve('@temporalio/testing');
  const stalled = new AbortController();
  const timer = setTimeout(async () => {
    if ((await readdir(folder)).length === 0) stalled.abort();
  }, beginWithinMs);
  try {
    const args = ['-e', SCRIPT, testing, spec.sdkServer, `v${spec.version}`, folder];
    const result = await run(process.execPath, args, { env, signal: stalled.signal });
    if (stalled.signal.aborted) throw new Error(`it did not begin within ${beginWithinMs / 1000} s`);
    if (result.code !== 0) throw new Error(reason(result.stderr));
  } finally {
    clearTimeout(timer);
  }
  const [name] = await readdir(folder);
  if (name === undefined) throw new Error('the SDK left no file');
  const path = join(folder, name);
  await access(path);
  return path;
}

/** The SDK's message nests the same request three times; what went wrong is at its end. */
function reason(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1) || 'no reason given';
  return line.split(': ').slice(-2).join(': ');
}
