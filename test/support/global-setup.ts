import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { resolveTemporalCli, resolveTestServer } from '../../src/testing/index.js';
import { installMoto } from './s3/install-moto.js';
import { bundleWorkflows } from './workflow-bundle.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the bundle of `workflows.ts`. */
    workflowBundle: string;
  }
}

/** Downloads the servers and bundles the workflows once, before the test files run in parallel. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const onProgress = (message: string) => console.log(message);
  await resolveTemporalCli({ onProgress });
  await resolveTestServer({ onProgress });
  await installMoto(onProgress);
  const folder = await mkdtemp(join(tmpdir(), 'workflow-bundle-'));
  const { code } = await bundleWorkflows('./workflows.ts');
  const codePath = join(folder, 'bundle.js');
  await writeFile(codePath, code);
  project.provide('workflowBundle', codePath);
  return () => rm(folder, { recursive: true });
}
