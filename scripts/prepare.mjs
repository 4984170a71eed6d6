// Before `npm start` and `npm run cli`: installs and builds what is missing or out of date, so that a fresh checkout
// needs no other command. It says nothing when there is nothing to do, and never writes to stdout, which belongs to the
// command that follows. No dependencies: it runs before they are there.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FINGERPRINT_FILE, fingerprint } from './fingerprint.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const QUIET = ['--no-fund', '--no-audit', '--loglevel=error'];

try {
  checkNode();
  if (!isInstalled()) await run('Installing dependencies (once)', ...npm(['ci', '--include=dev', ...QUIET]));
  if (!isBuilt()) await run('Building', process.execPath, [join(root, 'scripts', 'build.mjs')]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function checkNode() {
  const needed = readJson('package.json').engines.node;
  const [, major, minor] = /^>=(\d+)\.(\d+)/.exec(needed).map(Number);
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  throw new Error(`Node ${needed} is needed, and this is Node ${process.versions.node}: install a newer one.`);
}

/** Whether npm's record of what it put into node_modules has what package-lock.json asks for. */
function isInstalled() {
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const { packages: installed } = readJson('node_modules/.package-lock.json');
  return Object.entries(readJson('package-lock.json').packages).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    // Those for other platforms are optional, and rightly missing.
    return found ? found.version === wanted.version && found.integrity === wanted.integrity : wanted.optional === true;
  });
}

function isBuilt() {
  const file = join(root, 'dist', FINGERPRINT_FILE);
  return existsSync(file) && readFileSync(file, 'utf8').trim() === fingerprint(root);
}

/** npm says where it is to the scripts that it runs. */
function npm(args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
}

/** Runs a command with one line for a person, and its output only when it fails. */
async function run(what, command, args) {
  const start = performance.now();
  process.stderr.write(`${what}…`);
  const { code, output } = await finish(spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] }));
  process.stderr.write(` ${code === 0 ? `${((performance.now() - start) / 1000).toFixed(1)} s` : 'failed'}\n`);
  if (code === 0) return;
  throw new Error(`${output.trim()}\n${what} failed: correct what is shown above, then run the command again.`);
}

function finish(child) {
  return new Promise((resolve) => {
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
