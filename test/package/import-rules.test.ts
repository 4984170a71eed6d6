import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Does lint refuse a file of one import, clean otherwise, at a place in the tree? */
function isRefused(path: string, imported: string): boolean {
  const { status, error } = spawnSync('node_modules/.bin/biome', ['lint', `--stdin-file-path=${path}`], {
    cwd: ROOT,
    input: `import { it } from '${imported}';\n\nexport const also = it;\n`,
  });
  if (error !== undefined || status === null) throw new Error('biome did not run', { cause: error });
  return status !== 0;
}

describe('lint holds the order of the folders', () => {
  test.each([
    ['src/protocol/x.ts', 'zod'],
    ['src/protocol/x.ts', 'node:fs'],
    ['src/protocol/x.ts', '../llamacloud/index.js'],
    ['src/workflows/x.ts', 'node:fs'],
    ['src/workflows/x.ts', 'ky'],
    ['src/workflows/x.ts', 'zod'],
    ['src/workflows/x.ts', '../activities/index.js'],
    ['src/workflows/x.ts', '../llamacloud/index.js'],
    ['src/llamacloud/x.ts', '@temporalio/activity'],
    ['src/llamacloud/x.ts', '../activities/index.js'],
    ['src/outputs/x.ts', '../llamacloud/index.js'],
    ['src/activities/x.ts', '../workflows/index.js'],
    ['src/activities/x.ts', '../client.js'],
    ['src/client.ts', './testing/index.js'],
    ['src/worker.ts', './cli/main.js'],
    ['src/testing/emulator/x.ts', '../../llamacloud/index.js'],
  ])('%s may not import %s', (path, imported) => {
    expect(isRefused(path, imported)).toBe(true);
  });

  test.each([
    ['src/workflows/x.ts', '@temporalio/workflow'],
    ['src/workflows/x.ts', '../protocol/index.js'],
    ['src/workflows/x.ts', '../activities/types.js'],
    ['src/activities/x.ts', '../llamacloud/index.js'],
    ['src/cli/x.ts', '../testing/index.js'],
  ])('%s may import %s', (path, imported) => {
    expect(isRefused(path, imported)).toBe(false);
  });
});
