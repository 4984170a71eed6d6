// `npm run build`: compiles src into dist. It builds in a temporary folder beside dist, which replaces dist at the end: a build that
// fails or is killed leaves dist unchanged, with its old fingerprint.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FINGERPRINT_FILE, fingerprint } from './fingerprint.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** The temporary folder is beside dist, so that the relative paths in source maps stay valid. `.gitignore` has the prefix. */
const TEMPORARY_PREFIX = '.dist-';

/** Each makes its part of the build in `folder`, or throws. */
const STEPS = [compile, bundleWorkflows, makeCommandExecutable];

try {
  await build();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function build() {
  // Read first: if a file changes during the build, the next build must not be skipped.
  const sourceFingerprint = fingerprint(root);
  removeOldFolders();
  const folder = join(root, `${TEMPORARY_PREFIX}${process.pid}`);
  try {
    for (const step of STEPS) await step(folder);
    writeFileSync(join(folder, FINGERPRINT_FILE), `${sourceFingerprint}\n`);
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

/** Bundled ahead of time, so that a worker polls within a second of its start. */
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

/** Removes the folders of builds that were killed, but not of a build that runs in another terminal. */
function removeOldFolders() {
  for (const name of readdirSync(root).filter((name) => name.startsWith(TEMPORARY_PREFIX))) {
    if (!isRunning(Number(name.slice(TEMPORARY_PREFIX.length))))
      rmSync(join(root, name), { recursive: true, force: true });
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
