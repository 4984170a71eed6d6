import { readFile } from 'node:fs/promises';
import { expect, inject, test } from 'vitest';
import { WORKFLOW_TYPES } from '../../src/index.js';

test('the real bundler takes the workflows with nothing ignored, and finds neither zod nor ky nor Node in them', async () => {
  const code = await readFile(inject('workflowBundle'), 'utf8');
  expect(code).toContain('src/workflows/batch/process-batch.ts');
  for (const foreign of ['node_modules/zod', 'node_modules/ky', 'src/llamacloud', 'src/outputs']) {
    expect(code).not.toContain(foreign);
  }
});

/** What a worker would register as a workflow: each function that its workflow module exports. */
function workflowsIn(module: object): string[] {
  return Object.entries(module)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name)
    .sort();
}

test('every workflow is exported, and no helper that would pass as one', async () => {
  expect(workflowsIn(await import('../../src/workflows/index.js'))).toEqual(Object.values(WORKFLOW_TYPES).sort());
});

test('the example application registers every workflow, beside its own', async () => {
  expect(workflowsIn(await import('../../examples/application/workflows.js'))).toEqual(
    [...Object.values(WORKFLOW_TYPES), 'indexDocument'].sort(),
  );
});
