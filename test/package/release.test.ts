import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  distTag,
  findLicenceProblems,
  findMetadataProblems,
  listProductionPackages,
} from '../../scripts/release/metadata.mjs';

const COMPLETE = {
  name: 'example',
  version: '1.2.3',
  description: 'An example',
  license: 'MIT',
  keywords: ['example'],
  repository: 'example/example',
  homepage: 'https://example.com',
  bugs: 'https://example.com/bugs',
};
const CHANGELOG = '# Changelog\n\n## 1.2.3 (2026-01-01)\n';
const HISTORIES = ['batch.1.2.3.json'];

test('a version with all fields, its changes and its histories can be published', () => {
  expect(findMetadataProblems({ manifest: COMPLETE, changelog: CHANGELOG, histories: HISTORIES })).toEqual([]);
});

test('a package without a public repository is not published, and the message names the missing fields', () => {
  const { repository: _, homepage: __, bugs: ___, ...manifest } = COMPLETE;
  expect(findMetadataProblems({ manifest, changelog: CHANGELOG, histories: HISTORIES })).toEqual([
    'package.json has no repository, homepage, bugs',
  ]);
});

test('a version without its changes or its histories is not published', () => {
  const unreleased = '# Changelog\n\n## 1.2.3 (not released yet)\n';
  expect(findMetadataProblems({ manifest: COMPLETE, changelog: unreleased, histories: HISTORIES })).toEqual([
    'CHANGELOG.md says that 1.2.3 is not released yet',
  ]);
  const old = { manifest: COMPLETE, changelog: '## 1.2.2\n', histories: ['batch.1.2.2.json'] };
  expect(findMetadataProblems(old)).toEqual([
    'CHANGELOG.md has no section for 1.2.3',
    'test/histories has no history of 1.2.3. Run: npm run record-history',
  ]);
});

test('each dependency of the package has a permissive licence', async () => {
  const lock = JSON.parse(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8'));
  const packages = listProductionPackages(lock);
  expect(packages).toContainEqual({ name: 'zod', version: expect.any(String), license: 'MIT' });
  expect(packages.map(({ name }) => name)).not.toContain('vitest');
  expect(findLicenceProblems(packages)).toEqual([]);
});

test('a licence that is not known to be permissive is named', () => {
  const lock = {
    packages: { '': {}, 'node_modules/a': { version: '1.0.0', license: 'AGPL-3.0' }, 'node_modules/b': {} },
  };
  expect(findLicenceProblems(listProductionPackages(lock))).toEqual([
    expect.stringMatching(/^a 1\.0\.0 has the licence AGPL-3\.0/),
    expect.stringMatching(/^b .* has the licence none named/),
  ]);
});

test('npm install takes a version, and not a prerelease of it', () => {
  expect([distTag('1.2.3'), distTag('1.3.0-beta.1')]).toEqual(['latest', 'next']);
});

test.each([
  [['--dry-run', '--only', 'nothing'], 'There is no check nothing.'],
  [['--only', 'metadata'], '--only leaves checks out'],
])('the command refuses %j', (args, message) => {
  const script = fileURLToPath(new URL('../../scripts/release/release.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});
