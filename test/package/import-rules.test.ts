import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const REFUSED = [
  ['src/protocol', 'zod'],
  ['src/protocol', 'node:fs'],
  ['src/protocol', '../llamacloud/index.js'],
  ['src/workflows', 'node:fs'],
  ['src/workflows', 'ky'],
  ['src/workflows', 'zod'],
  ['src/workflows/batch', '../../activities/index.js'],
  ['src/workflows/batch', '../../llamacloud/index.js'],
  ['src/workflows/batch', '../directories/state.js'],
  ['src/llamacloud', '@temporalio/activity'],
  ['src/llamacloud', '../activities/index.js'],
  ['src/outputs', '../llamacloud/index.js'],
  ['src/activities', '../workflows/index.js'],
  ['src/activities', '../client.js'],
  ['src/activities/batch', '../../client.js'],
  ['src/client.ts', './testing/index.js'],
  ['src/worker.ts', './cli/main.js'],
  ['src/testing/emulator', '../../llamacloud/index.js'],
] as const;

const ALLOWED = [
  ['src/protocol', './status.js'],
  ['src/workflows', '@temporalio/workflow'],
  ['src/workflows/batch', '../../protocol/index.js'],
  ['src/workflows/batch', '../../activities/types.js'],
  ['src/workflows/directories', '../shared/activities.js'],
  ['src/activities/batch', '../deps.js'],
  ['src/activities/batch', '../../llamacloud/index.js'],
  ['src/cli', '../testing/index.js'],
] as const;

/** Our lint settings in a tree of their own, with a file of one import for each case. */
describe('lint holds the order of the folders', () => {
  let tree: string;
  let output: string;
  const fileOf = (place: string, imported: string) =>
    place.endsWith('.ts') ? place : `${place}/${imported.replace(/\W+/g, '-')}.ts`;

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), 'import-rules-'));
    await copyFile(join(ROOT, 'biome.json'), join(tree, 'biome.json'));
    for (const [place, imported] of [...REFUSED, ...ALLOWED]) {
      const file = join(tree, fileOf(place, imported));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, `import { it } from '${imported}';\n\nexport const also = it;\n`);
    }
    const biome = join(ROOT, 'node_modules/.bin/biome');
    const args = ['lint', '--only=style/noRestrictedImports', '--max-diagnostics=none', '--vcs-enabled=false', '.'];
    const { stdout, stderr, error } = spawnSync(biome, args, { cwd: tree, encoding: 'utf8' });
    if (error !== undefined) throw error;
    output = `${stdout}${stderr}`;
  });

  afterAll(() => rm(tree, { recursive: true, force: true }));

  test.each(REFUSED)('%s may not import %s', (place, imported) => {
    expect(output).toContain(`${fileOf(place, imported)}:1:`);
  });

  test.each(ALLOWED)('%s may import %s', (place, imported) => {
    expect(output).not.toContain(`${fileOf(place, imported)}:1:`);
  });
});
