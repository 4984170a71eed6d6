import { expect, test } from 'vitest';
import { bundleWorkflows } from '../support/workflow-bundle.js';

test('the real bundler takes the workflows with nothing ignored, and finds neither zod nor ky nor Node in them', async () => {
  const { code } = await bundleWorkflows('../../src/workflows/index.ts');
  for (const foreign of ['node_modules/zod', 'node_modules/ky', 'src/llamacloud', 'src/outputs']) {
    expect(code).not.toContain(foreign);
  }
  // The names that a worker registers, and no helper that would pass as a workflow.
  expect(code).toContain('processBatch');
  const exported: unknown = await import('../../src/workflows/index.js');
  const functions = Object.entries(exported ?? {}).filter(([, value]) => typeof value === 'function');
  expect(functions.map(([name]) => name).sort()).toEqual(['processBatch', 'processDirectories', 'processJob']);
});
