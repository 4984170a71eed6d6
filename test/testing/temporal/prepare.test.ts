import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './fixtures.js';

const SCRIPTS = fileURLToPath(new URL('../../../scripts', import.meta.url));

/** Stands for npm: installs a compiler that copies, or complains about a source that says `broken`, and a bundler. */
const FAKE_NPM = `
const fs = require('node:fs');
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
if (fs.existsSync('offline')) { console.error('npm error network'); process.exit(1); }
fs.mkdirSync('node_modules/typescript/bin', { recursive: true });
fs.writeFileSync('node_modules/typescript/bin/tsc', \`
  const fs = require('node:fs');
  const source = fs.readFileSync('src/main.ts', 'utf8');
  const out = process.argv.at(-1);
  fs.mkdirSync(out + '/cli', { recursive: true });
  fs.writeFileSync(out + '/cli/main.js', source);
  if (source.includes('broken')) { console.log('main.ts: error'); process.exit(2); }
\`);
fs.mkdirSync('node_modules/@temporalio/worker', { recursive: true });
fs.writeFileSync('node_modules/@temporalio/worker/index.js', \`
  exports.DefaultLogger = class {};
  exports.bundleWorkflowCode = async () => ({ code: 'bundle' });
\`);
const { packages: { '': _root, ...packages } } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
delete packages['node_modules/elsewhere'];
fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
`;

const lock = (version: string) =>
  JSON.stringify({
    packages: {
      '': {},
      'node_modules/typescript': { version },
      'node_modules/elsewhere': { version: '1.0.0', optional: true },
    },
  });

function checkoutIn(root: string) {
  const write = (name: string, content: string) => writeFile(join(root, name), content);
  const prepare = async () => {
    const child = spawn(process.execPath, [join(root, 'scripts', 'prepare.mjs')], {
      env: { ...process.env, npm_execpath: join(root, 'npm.js') },
    });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect(stdout).toBe('');
    return { code, stderr: stderr.replaceAll(/\d+\.\d s/g, 'N s') };
  };
  return { root, write, prepare, main: join(root, 'dist', 'cli', 'main.js') };
}

const MAJOR = Number.parseInt(process.versions.node, 10);

const NOTHING_TO_DO = { code: 0, stderr: '' };
const BUILT = { code: 0, stderr: 'Building… N s\n' };

describe('prepare', () => {
  let prepared: string;
  let first: unknown;

  // Once for all tests: it starts four processes.
  beforeAll(async () => {
    prepared = await mkdtemp(join(tmpdir(), 'temporal-llamacloud-test-'));
    const { write, prepare } = checkoutIn(prepared);
    await cp(SCRIPTS, join(prepared, 'scripts'), { recursive: true });
    await mkdir(join(prepared, 'src'));
    await write('package.json', JSON.stringify({ engines: { node: '>=20.3.0' } }));
    await write('package-lock.json', lock('1.0.0'));
    for (const name of ['tsconfig.json', 'tsconfig.build.json']) await write(name, '{}');
    await write('src/main.ts', 'first');
    await write('npm.js', FAKE_NPM);
    first = await prepare();
  });

  afterAll(() => rm(prepared, { recursive: true, force: true }));

  /** A copy of a checkout that was installed and built. */
  const preparedPackage = async () => {
    const root = await temporaryFolder();
    await cp(prepared, root, { recursive: true });
    return checkoutIn(root);
  };

  it('installs and builds a fresh checkout, and then has nothing to do or say', async () => {
    expect(first).toEqual({ code: 0, stderr: 'Installing dependencies (once)… N s\nBuilding… N s\n' });
    const { root, prepare, main } = await preparedPackage();
    expect(await readFile(main, 'utf8')).toBe('first');
    expect((await stat(main)).mode & 0o111).toBe(0o111);
    expect(await readFile(join(root, 'npm-calls'), 'utf8')).toBe(
      'ci --include=dev --no-fund --no-audit --loglevel=error\n',
    );
    expect(await prepare()).toEqual(NOTHING_TO_DO);
  });

  it('builds when a source file or a setting has changed, or dist is gone', async () => {
    const { root, write, prepare, main } = await preparedPackage();
    await write('src/main.ts', 'second');
    expect(await prepare()).toEqual(BUILT);
    expect(await readFile(main, 'utf8')).toBe('second');
    await write('tsconfig.json', '{ }');
    expect(await prepare()).toEqual(BUILT);
    await rm(join(root, 'dist'), { recursive: true });
    expect(await prepare()).toEqual(BUILT);
  });

  it('removes from dist what is no longer in src', async () => {
    const { root, write, prepare } = await preparedPackage();
    await writeFile(join(root, 'dist', 'old.js'), '');
    await write('src/main.ts', 'second');
    await prepare();
    expect(await readdir(join(root, 'dist'))).toEqual(['.fingerprint', 'cli', 'workflow-bundle.js']);
  });

  it('installs when package-lock.json has changed', async () => {
    const { write, prepare } = await preparedPackage();
    await write('package-lock.json', lock('2.0.0'));
    expect((await prepare()).stderr).toContain('Installing dependencies');
    expect(await prepare()).toEqual(NOTHING_TO_DO);
  });

  it('shows what npm said when it fails', async () => {
    const { root, write, prepare } = await preparedPackage();
    await rm(join(root, 'node_modules'), { recursive: true });
    await write('offline', '');
    const { code, stderr } = await prepare();
    expect(code).toBe(1);
    expect(stderr).toMatch(/npm error network\nInstalling dependencies \(once\) failed\. Fix the error above/);
  });

  it('keeps the last good build when a build fails', async () => {
    const { root, write, prepare, main } = await preparedPackage();
    await write('src/main.ts', 'broken');
    for (const attempt of [await prepare(), await prepare()]) {
      expect(attempt.code).toBe(1);
      expect(attempt.stderr).toContain('main.ts: error');
    }
    expect(await readFile(main, 'utf8')).toBe('first');
    expect((await readdir(root)).filter((name) => name.startsWith('.dist'))).toEqual([]);
  });

  it.each([`^18.1.0 || ^${MAJOR}.999.0 || >=999.1.0`])('refuses a Node that is not in %s', async (range) => {
    const { write, prepare } = await preparedPackage();
    await write('package.json', JSON.stringify({ engines: { node: range } }));
    const { code, stderr } = await prepare();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Node ${range} is required, but this is Node ${process.versions.node}. Install a newer version.\n`,
    );
  });

  it.each([`^${MAJOR}.0.0 || >=999.1.0`, `^18.1.0 || >=${MAJOR - 1}.999.0`])(
    'takes a Node that is in %s',
    async (range) => {
      const { write, prepare } = await preparedPackage();
      await write('package.json', JSON.stringify({ engines: { node: range } }));
      expect(await prepare()).toEqual(BUILT);
    },
  );
});
