// Runs before `npm start` and `npm run cli`. Installs dependencies and builds if something is missing or out of date, so that a fresh
// checkout needs no other command. Prints nothing if there is nothing to do, and never writes to stdout, which belongs to the command
// that follows. Uses no dependencies, because it runs before they are installed.
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
  const required = readJson('package.json').engines.node;
  if (required.split(' || ').some(isNodeIn)) return;
  throw new Error(`Node ${required} is required, but this is Node ${process.versions.node}. Install a newer version.`);
}

/** Whether this Node is in a range like `^20.19.0`, which is of one major version, or `>=22.12.0`. */
function isNodeIn(range) {
  const [, operator, ...lowest] = /^(\^|>=)(\d+)\.(\d+)/.exec(range);
  const [lowestMajor, lowestMinor] = lowest.map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major === lowestMajor) return minor >= lowestMinor;
  return operator === '>=' && major > lowestMajor;
}

/** Compares npm's record of what it installed with package-lock.json. */
function isInstalled() {
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const { packages: installed } = readJson('node_modules/.package-lock.json');
  return Object.entries(readJson('package-lock.json').packages).every(([path, locked]) => {
    if (path === '') return true;
    const found = installed[path];
    // Optional packages for other platforms are not installed.
    return found ? found.version === locked.version && found.integrity === locked.integrity : locked.optional === true;
  });
}

function isBuilt() {
  const file = join(root, 'dist', FINGERPRINT_FILE);
  return existsSync(file) && readFileSync(file, 'utf8').trim() === fingerprint(root);
}

/** npm passes its own path to the scripts that it runs. */
function npm(args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
}

/** Runs a command. Prints one line for it, and its output only if it fails. */
async function run(title, command, args) {
  const start = performance.now();
  process.stderr.write(`${title}…`);
  const { code, output } = await waitForExit(spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] }));
  process.stderr.write(` ${code === 0 ? `${((performance.now() - start) / 1000).toFixed(1)} s` : 'failed'}\n`);
  if (code === 0) return;
  throw new Error(`${output.trim()}\n${title} failed. Fix the error above, then run the command again.`);
}

function waitForExit(child) {
  return new Promise((resolve) => {
    let output = '';
    const append = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', append);
    child.stderr.on('data', append);
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
