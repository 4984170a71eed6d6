// `npm run release`: checks everything that a version needs, and publishes it if nothing is found. `-- --dry-run` publishes nothing, and
// says what would be published. `-- --only NAME` runs one of the checks.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkProject, installNodes, PROJECTS, sizeMb } from './consumer.mjs';
import { distTag, findLicenceProblems, findMetadataProblems, listProductionPackages } from './metadata.mjs';
import { mustRun, run } from './run.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const say = (line) => console.log(line);

/** Each returns its problems. */
const CHECKS = {
  metadata: checkMetadata,
  tree: checkTree,
  licences: checkLicences,
  audit: checkAudit,
  publint: ({ tarball }) => checkWith('publint', ['publint@0.3.25', 'run', tarball, '--strict']),
  // CommonJS gets the ES module, which the TypeScript of this tool does not know: the projects below check that.
  types: ({ tarball }) => checkWith('attw', ['@arethetypeswrong/cli@0.18.5', tarball, '--profile', 'esm-only']),
  projects: checkProjects,
};

const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean' }, only: { type: 'string', multiple: true } } });
const unknown = (values.only ?? []).filter((name) => CHECKS[name] === undefined);
if (unknown.length > 0) {
  console.error(`There is no check ${unknown.join(', ')}. The checks: ${Object.keys(CHECKS).join(', ')}`);
  process.exit(2);
}
if (values.only !== undefined && !values['dry-run']) {
  console.error('--only leaves checks out: use it with --dry-run');
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'release-'));
try {
  process.exitCode = await release();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function release() {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const packed = await pack();
  const tag = distTag(manifest.version);
  say(`${manifest.name} ${manifest.version}, tag ${tag}: ${packed.entryCount} files`);
  say(`  ${kb(packed.size)} kB packed, ${kb(packed.unpackedSize)} kB unpacked`);
  for (const [name, size] of sizesByFolder(packed.files)) say(`  ${name}: ${kb(size)} kB`);

  const problems = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    if (values.only !== undefined && !values.only.includes(name)) continue;
    say(`\n${name}`);
    const found = await check({ manifest, tarball: join(folder, packed.filename) });
    for (const problem of found) say(`  FOUND: ${problem.replaceAll('\n', '\n    ')}`);
    if (found.length === 0) say('  nothing found');
    problems.push(...found);
  }
  if (problems.length > 0) {
    console.error(
      `\nNot published. Found ${problems.length}:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
    );
    return 1;
  }
  if (values['dry-run']) {
    say(`\nNothing found. Without --dry-run, this publishes ${manifest.name} ${manifest.version} with the tag ${tag}.`);
    return 0;
  }
  await mustRun('npm', ['publish', join(folder, packed.filename), '--access', 'public', '--tag', tag]);
  say(`\nPublished ${manifest.name} ${manifest.version} with the tag ${tag}.`);
  return 0;
}

/** Builds and packs. @returns What npm says of the tarball. */
async function pack() {
  await mustRun(process.execPath, [join(ROOT, 'scripts', 'build.mjs')]);
  const json = await mustRun('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const packed = JSON.parse(json);
  // npm prints a list, or since version 12 an object by name.
  return Object.values(packed)[0];
}

async function checkMetadata({ manifest }) {
  const [changelog, histories] = await Promise.all([
    readFile(join(ROOT, 'CHANGELOG.md'), 'utf8'),
    readdir(join(ROOT, 'test', 'histories')),
  ]);
  return findMetadataProblems({ manifest, changelog, histories });
}

/** What is published must be what is committed. */
async function checkTree() {
  const changed = (await mustRun('git', ['status', '--porcelain'], { cwd: ROOT })).trim();
  return changed === '' ? [] : [`files are changed, and not committed:\n${changed}`];
}

async function checkLicences() {
  const packages = await readProductionPackages();
  for (const { name, version, license } of packages) say(`  ${license}: ${name} ${version}`);
  return findLicenceProblems(packages);
}

async function readProductionPackages() {
  return listProductionPackages(JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')));
}

async function checkAudit() {
  const { ok, output } = await run('npm', ['audit', '--omit=dev'], { cwd: ROOT });
  return ok ? [] : [`npm audit:\n${output}`];
}

async function checkWith(name, args) {
  const { ok, output } = await run('npx', ['--yes', ...args], { cwd: folder });
  return ok ? [] : [`${name}:\n${output}`];
}

async function checkProjects({ manifest, tarball }) {
  const { resolveTemporalCli } = await import('../../dist/testing/index.js');
  const { path } = await resolveTemporalCli({ onProgress: (message) => say(`  ${message}`) });
  const nodes = await installNodes(folder);
  const problems = [];
  for (const project of PROJECTS) {
    const env = { TEMPORAL_CLI_PATH: path };
    problems.push(...(await checkProject({ project, folder, tarball, manifest, nodes, env, say })));
    if (project.name === 'npm') await saySizes(join(folder, 'npm', 'node_modules'), manifest);
    await rm(join(folder, project.name), { recursive: true, force: true });
  }
  return problems;
}

async function saySizes(modules, { name }) {
  const own = (await readProductionPackages()).map((dependency) => dependency.name);
  const present = await readdir(modules);
  const beside = own.filter(
    (dependency) => !dependency.startsWith('@temporalio/') && present.includes(dependency.split('/')[0]),
  );
  say(
    `  installed size: ${await sizeMb(join(modules, name))} MB, with its dependencies ${await sizeMb(
      ...[name, ...new Set(beside)].map((dependency) => join(modules, dependency)),
    )} MB, with Temporal's SDK and TypeScript ${await sizeMb(modules)} MB`,
  );
}

function sizesByFolder(files) {
  const sizes = new Map();
  for (const { path, size } of files) {
    const top = path.split('/')[0];
    sizes.set(top, (sizes.get(top) ?? 0) + size);
  }
  return sizes;
}

function kb(bytes) {
  return Math.round(bytes / 1_000);
}
