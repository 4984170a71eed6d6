import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

/** A path, with or without a name in it: `workflows/batch/stop.ts › stop`. */
const REFERENCE = /`([\w./-]+\.ts)(?: › (\w+))?`/g;

test('every path that the guides for contributors name exists', async () => {
  const missing: string[] = [];
  for (const guide of ['AGENTS.md', 'CONTRIBUTING.md']) {
    const text = await readFile(new URL(guide, ROOT), 'utf8');
    const paths = [...text.matchAll(/`((?:src|test|docs|scripts)\/[\w./-]*)`/g)].map(([, path = '']) => path);
    expect(paths.length, guide).toBeGreaterThan(3);
    for (const path of paths) if (!existsSync(new URL(path, ROOT))) missing.push(`${guide}: ${path}`);
  }
  expect(missing).toEqual([]);
});

test('every file and every function that the architecture names exists', async () => {
  const page = await readFile(new URL('docs/architecture.md', ROOT), 'utf8');
  const references = [...page.matchAll(REFERENCE)];
  expect(references.length).toBeGreaterThan(20);
  const missing: string[] = [];
  for (const [reference, path = '', name] of references) {
    const folder = path.startsWith('test/') ? '' : 'src/';
    const code = await readFile(new URL(`${folder}${path}`, ROOT), 'utf8').catch(() => '');
    const isThere = name === undefined ? code !== '' : new RegExp(`\\bfunction\\*? ${name}\\b`).test(code);
    if (!isThere) missing.push(reference);
  }
  expect(missing).toEqual([]);
});
