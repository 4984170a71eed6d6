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
  ['src/llamacloud', '../client/index.js'],
  ['src/outputs', '../llamacloud/index.js'],
  ['src/sources', '../llamacloud/index.js'],
  ['src/sources', '@temporalio/activity'],
  ['src/activities', '../workflows/index.js'],
  ['src/activities', '../client/index.js'],
  ['src/activities/batch', '../../client/index.js'],
  ['src/activities/batch', '../../webhooks/index.js'],
  ['src/webhooks', '../activities/index.js'],
  ['src/webhooks', '../client/index.js'],
  ['src/webhooks', '../llamacloud/index.js'],
  ['src/webhooks', '@temporalio/worker'],
  ['src/client', '../activities/index.js'],
  ['src/client', '../llamacloud/index.js'],
  ['src/client', '../config/config.js'],
  ['src/client', '../testing/index.js'],
  ['src/client', '@temporalio/worker'],
  ['src/nexus', '../activities/index.js'],
  ['src/nexus', '../llamacloud/index.js'],
  ['src/nexus/service.ts', './handlers.js'],
  ['src/config', '../testing/index.js'],
  ['src/index.ts', '@temporalio/testing'],
  ['src/worker.ts', './cli/main.js'],
  ['src/testing/emulator', '../../llamacloud/index.js'],
  ['src/testing/outputs', '../../outputs/index.js'],
] as const;

const ALLOWED = [
  ['src/protocol', './status.js'],
  ['src/workflows', '@temporalio/workflow'],
  ['src/workflows/batch', '../../protocol/index.js'],
  ['src/workflows/batch', '../../activities/types.js'],
  ['src/workflows/directories', '../shared/activities.js'],
  ['src/activities/batch', '../deps.js'],
  ['src/activities/batch', '../../llamacloud/index.js'],
  ['src/activities/batch', '../../webhooks/run-header.js'],
  ['src/webhooks', '../protocol/index.js'],
  ['src/webhooks', 'zod'],
  ['src/plugin.ts', './webhooks/index.js'],
  ['src/client', '../activities/input/index.js'],
  ['src/client', '../protocol/index.js'],
  ['src/client', '@temporalio/client'],
  ['src/nexus', '../client/run-start.js'],
  ['src/nexus', '@temporalio/nexus'],
  ['src/plugin.ts', './activities/index.js'],
  ['src/testing/outputs', '../../outputs/store.js'],
  ['src/cli', '../client/index.js'],
  ['src/cli', '../testing/index.js'],
] as const;

/** Each imports a type of the other. */
const CIRCLE = [
  ['circle-one', 'circle-two'],
  ['circle-two', 'circle-one'],
] as const;

/** Our lint settings in a tree of their own, with a file of one import for each case. */
describe('lint holds the layers', () => {
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
    for (const [file, imported] of CIRCLE) {
      const source = `import type { T } from './${imported}.js';\n\nexport type { T };\n`;
      await writeFile(join(tree, 'src/outputs', `${file}.ts`), source);
    }
    const biome = join(ROOT, 'node_modules/.bin/biome');
    const rules = ['--only=style/noRestrictedImports', '--only=suspicious/noImportCycles'];
    const args = ['lint', ...rules, '--max-diagnostics=none', '--vcs-enabled=false', '.'];
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

  test.each(CIRCLE)('%s may not import a type of %s, which imports one of it', (file) => {
    expect(output).toMatch(new RegExp(`src/outputs/${file}\\.ts:1:.*noImportCycles`));
  });
});
