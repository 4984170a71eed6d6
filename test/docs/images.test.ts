import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const PAGES = ['README.md', 'docs/reference.md', 'docs/performance.md'];

test('every image of the docs is shown, and every screenshot is taken by the test of the UI', async () => {
  const images = (await readdir(new URL('docs/images', ROOT))).sort();
  const shown = await Promise.all(
    PAGES.map(async (page) => {
      const text = await readFile(new URL(page, ROOT), 'utf8');
      return [...text.matchAll(/!\[[^\]]+\]\((?:docs\/)?images\/([^)]+)\)/g)].map(([, name = '']) => name);
    }),
  );
  expect([...new Set(shown.flat())].sort()).toEqual(images);
  const source = await readFile(new URL('test/ui/temporal-ui.test.ts', ROOT), 'utf8');
  const taken = [...source.matchAll(/Image\('([\w-]+)'/g)].map(([, name = '']) => `${name}.png`);
  expect(taken.sort()).toEqual(images.filter((name) => name.endsWith('.png')));
});
