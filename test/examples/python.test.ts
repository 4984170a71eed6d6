import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { files } from '../support/test-environment.js';
import { CACHE, type ExampleEnvironment, openExample } from './support.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/python', import.meta.url));
const run = promisify(execFile);

let example: ExampleEnvironment;
let packages: string;

beforeAll(async () => {
  [packages, example] = await Promise.all([installRequirements(), openExample('python')]);
  example.startCommandWorker();
});

afterAll(() => example?.close());

/** Installs the pinned packages into the cache of the project, once. */
async function installRequirements(): Promise<string> {
  const requirements = join(EXAMPLE, 'requirements.txt');
  const pinned = (await readFile(requirements, 'utf8')).trim().replaceAll(/[^\w.]+/g, '-');
  const { stdout: version } = await run('python3', ['-c', 'import sys; print(sys.implementation.cache_tag)']);
  const target = join(CACHE, `python-${pinned}-${version.trim()}`);
  const isThere = await access(target).then(
    () => true,
    () => false,
  );
  if (isThere) return target;
  await mkdir(CACHE, { recursive: true });
  // A folder that is there is whole.
  const temporary = await mkdtemp(`${target}.`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--only-binary=:all:'];
  await run('python3', [...pip, '--target', temporary, '--requirement', requirements]);
  await rename(temporary, target).catch(() => rm(temporary, { recursive: true }));
  return target;
}

test('Python starts a batch, follows it and reads its report', async () => {
  const { id } = await example.emulator.addDirectory(files(2));
  const { stdout } = await run('python3', [join(EXAMPLE, 'start_batch.py'), id], {
    env: { ...process.env, ...example.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
  });
  expect(stdout).toContain(`Started llamacloud/${id}/parse_v2/cfg-PARSE_AGENTIC\n`);
  expect(stdout).toMatch(/^(opening|creating|waiting|expanding|processing|reporting|completed) \{'total': \d/m);
  expect(stdout).toMatch(/^2 of 2 files completed\. Manifest: .*\/manifest\.jsonl$/m);
});
