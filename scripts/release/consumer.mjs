// Empty projects that install the packed package, and run a batch in it as an application would.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustRun, run } from './run.mjs';

const SOURCES = fileURLToPath(new URL('consumer', import.meta.url));

/** The lowest version that the package takes, the two lowest that can `require()` ES modules, and the newest of Node 24. */
export const NODE_VERSIONS = ['20.3.0', '20.19.0', '22.12.0', '24'];

const WITHOUT_REQUIRE = '20.3.0';

/** Of each manager, and of the peers: `lowest` is the first version that the peer range takes. */
export const PROJECTS = [
  { name: 'npm', sdk: 'latest', install: ['npm', 'install'] },
  { name: 'npm-lowest-peers', sdk: 'lowest', install: ['npm', 'install'] },
  { name: 'npm-bare', sdk: 'latest', install: ['npm', 'install', '--ignore-scripts', '--omit=optional'] },
  { name: 'pnpm', sdk: 'latest', install: ['npx', '--yes', 'pnpm@12.21.0', 'install'] },
  { name: 'yarn', sdk: 'latest', install: ['npx', '--yes', 'yarn@1.22.22', 'install', '--non-interactive'] },
];

/** @returns The paths of the node executables, by version. The npm package `node` has them. */
export async function installNodes(folder) {
  const nodes = {};
  for (const version of NODE_VERSIONS) {
    const own = join(folder, `node-${version}`);
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'package.json'), '{ "private": true }');
    await mustRun('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: own });
    nodes[version] = join(own, 'node_modules', 'node', 'bin', 'node');
  }
  return nodes;
}

/**
 * Installs a project, compiles the application with and without `skipLibCheck`, and runs it with each Node.
 *
 * @returns Its problems.
 */
export async function checkProject({ project, folder, tarball, manifest, nodes, env, say }) {
  const root = join(folder, project.name);
  await writeProject({ root, project, tarball, manifest });
  const [command, ...args] = project.install;
  const installed = await run(command, args, { cwd: root, env });
  if (!installed.ok) return [`${project.name}: the installation failed:\n${installed.output}`];

  const problems = [];
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const strict = await run(process.execPath, [tsc, '--noEmit', '--skipLibCheck', 'false'], { cwd: root });
  // Temporal's own declarations need skipLibCheck. Ours must not.
  const ours = strict.output.split('\n').filter((line) => /^\S.*error TS/.test(line) && !/@temporalio\//.test(line));
  problems.push(...ours.map((line) => `${project.name}: without skipLibCheck: ${line}`));
  const compiled = await run(process.execPath, [tsc], { cwd: root });
  if (!compiled.ok) return [...problems, `${project.name}: it does not compile:\n${compiled.output}`];

  for (const [version, node] of Object.entries(nodes)) {
    for (const kind of version === WITHOUT_REQUIRE ? ['module'] : ['module', 'commonjs']) {
      const { ok, output } = await run(node, [join(root, 'out', kind, 'batch.js')], { cwd: root, env });
      say(`  ${project.name}, Node ${version}, ${kind}: ${ok ? 'a batch ran' : 'failed'}`);
      if (!ok) problems.push(`${project.name}, Node ${version}, ${kind}:\n${output}`);
    }
  }
  return problems;
}

async function writeProject({ root, project, tarball, manifest }) {
  const versionOf = (range) => (project.sdk === 'lowest' ? range.replace('^', '') : project.sdk);
  const needed = Object.entries(manifest.peerDependencies).filter(
    ([name]) => manifest.peerDependenciesMeta[name]?.optional !== true,
  );
  for (const kind of ['module', 'commonjs']) {
    await cp(SOURCES, join(root, kind), { recursive: true });
    // Compiled into a folder of its own: beside its source, Temporal would bundle the source.
    await mkdir(join(root, 'out', kind), { recursive: true });
    for (const place of [kind, join('out', kind)]) {
      await writeFile(join(root, place, 'package.json'), JSON.stringify({ type: kind }));
    }
  }
  // pnpm fails if a dependency has a build script that nobody has approved. Temporal's dependencies work without theirs.
  await writeFile(join(root, 'pnpm-workspace.yaml'), 'strictDepBuilds: false\n');
  const packageJson = {
    private: true,
    dependencies: {
      [manifest.name]: `file:${tarball}`,
      ...Object.fromEntries(needed.map(([name, range]) => [name, versionOf(range)])),
    },
    devDependencies: { typescript: '~5.9.0', '@types/node': '^20.19.0' },
  };
  await writeFile(join(root, 'package.json'), JSON.stringify(packageJson));
  const compilerOptions = {
    outDir: 'out',
    rootDir: '.',
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    skipLibCheck: true,
    types: ['node'],
  };
  await writeFile(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['module', 'commonjs'] }));
}

/** Size of what a folder holds, in MB. */
export async function sizeMb(...folders) {
  const output = await mustRun('du', ['-scm', ...folders]);
  return Number.parseInt(output.trim().split('\n').at(-1), 10);
}
