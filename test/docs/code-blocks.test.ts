import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = [
  'README.md',
  'INTEGRATION.md',
  'docs/reference.md',
  'docs/output-stores.md',
  'docs/production.md',
  'docs/security.md',
];

/** A block may use the client that the README makes. */
const CLIENT = "import type { BatchClient } from 'temporal-llamacloud';\ndeclare const batches: BatchClient;\n";

let folder: string;

// Inside the package, which can import itself by its name there. TypeScript and lint leave dot-folders out.
beforeAll(async () => {
  folder = await mkdtemp(join(ROOT, 'test/docs/.code-blocks-'));
});

afterAll(() => rm(folder, { recursive: true }));

test('every TypeScript block of the docs compiles', async () => {
  const files: string[] = [];
  for (const page of PAGES) {
    const blocks = await typeScriptBlocks(join(ROOT, page));
    expect(blocks.length, page).toBeGreaterThan(0);
    for (const [index, block] of blocks.entries()) {
      const file = join(folder, `${page.replaceAll(/\W/g, '-')}-${index}.ts`);
      const isComplete = !block.includes('batches.') || block.includes('new BatchClient');
      await writeFile(file, isComplete ? block : CLIENT + block);
      files.push(file);
    }
  }
  const config = join(folder, 'tsconfig.json');
  await writeFile(
    config,
    JSON.stringify({ extends: '../../../tsconfig.json', compilerOptions: LOOSE, include: [], files }),
  );
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', config], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

test('the store of the docs is the example, which has tests', async () => {
  const example = await readFile(join(ROOT, 'examples/output-store/memory-store.ts'), 'utf8');
  expect(await typeScriptBlocks(join(ROOT, 'docs/output-stores.md'))).toContain(example);
});

/** A block shows what it makes, and need not use it. */
const LOOSE = { noUnusedLocals: false };

async function typeScriptBlocks(path: string): Promise<string[]> {
  const page = await readFile(path, 'utf8');
  return [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block = '']) => block);
}
