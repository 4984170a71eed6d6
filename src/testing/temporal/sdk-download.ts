import { access, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ExecutableSpec } from './executables.js';
import type { RunCommand } from './run-command.js';

interface SdkDownload {
  readonly spec: ExecutableSpec;
  readonly env: NodeJS.ProcessEnv;
  readonly run: RunCommand;
  /** An empty folder to download into. */
  readonly folder: string;
}

/** The download must start within this time. Behind a firewall that drops packets, the SDK's request hangs for minutes. */
const START_TIMEOUT_MS = 15_000;

/**
 * The SDK downloads an executable only when it starts a server. A separate process starts one and stops it, which also keeps the server's
 * banner off stdout and leaves the SDK's `Runtime` of this process to the application.
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
 * Downloads an executable as the Temporal SDK does (`cached-download`), in our version.
 *
 * @returns The path of the executable, inside `folder`.
 * @throws Error that says why the download failed.
 */
export async function downloadWithSdk({ spec, env, run, folder }: SdkDownload): Promise<string> {
  const stalled = new AbortController();
  const timer = setTimeout(async () => {
    if ((await readdir(folder)).length === 0) stalled.abort();
  }, START_TIMEOUT_MS);
  try {
    const args = ['-e', SCRIPT, findTestingPackage(), spec.sdkServer, `v${spec.version}`, folder];
    const result = await run(process.execPath, args, { env, signal: stalled.signal });
    if (result.code !== 0) throw new Error(toReason(result.stderr));
  } catch (error) {
    if (!stalled.signal.aborted) throw error;
    throw new Error(`it did not start within ${START_TIMEOUT_MS / 1_000} s`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
  const [name] = await readdir(folder);
  if (name === undefined) throw new Error('the SDK left no file');
  const path = join(folder, name);
  await access(path);
  return path;
}

function findTestingPackage(): string {
  try {
    return createRequire(import.meta.url).resolve('@temporalio/testing');
  } catch (error) {
    throw new Error('@temporalio/testing is not installed', { cause: error });
  }
}

/** The SDK's message repeats the request three times. The reason is at the end. */
function toReason(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1) || 'no reason given';
  return line.split(': ').slice(-2).join(': ');
}
