// `npm run build`: compiles src into dist. It works in a folder beside dist, which takes dist's place when everything is
// there: a build that fails, or is killed, leaves dist as it was, with the old fingerprint.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FINGERPRINT_FILE, fingerprint } from './fingerprint.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** At dist's depth, so that the source maps' relative paths stay right. `.gitignore` knows the prefix. */
const UNFINISHED = '.dist-';

/** Each makes its part of the build in `folder`, and throws when it can't. */
const STEPS = [compile, bundleWorkflows, makeCommandExecutable];

try {
  await build();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function build() {
  // Read first: a file that changes meanwhile must make the next build necessary.
  const madeFrom = fingerprint(root);
  removeUnfinished();
  const folder = join(root, `${UNFINISHED}${process.pid}`);
  try {
    for (const step of STEPS) await step(folder);
    writeFileSync(join(folder, FINGERPRINT_FILE), `${madeFrom}\n`);
    rmSync(dist, { recursive: true, force: true });
    renameSync(folder, dist);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compile(folder) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) throw new Error('The TypeScript compiler is not installed. Run `npm ci` first.');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', folder], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The build failed: the TypeScript compiler reported the errors above.');
}

/** Ahead of time, so that a worker polls within a second of its start. */
async function bundleWorkflows(folder) {
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(folder, 'workflows', 'index.js'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(join(folder, 'workflow-bundle.js'), code);
}

function makeCommandExecutable(folder) {
  const command = join(folder, 'cli', 'main.js');
  if (existsSync(command)) chmodSync(command, 0o755);
}

/** What killed builds left. One that still runs, in another terminal, is left alone. */
function removeUnfinished() {
  for (const name of readdirSync(root).filter((name) => name.startsWith(UNFINISHED))) {
    if (!isRunning(Number(name.slice(UNFINISHED.length)))) rmSync(join(root, name), { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
