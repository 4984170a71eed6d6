import { rm } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { resolveTemporalCli } from '../../src/testing/index.js';
import { installPackedApp } from '../support/packed-app.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the application that has installed the packed package. */
    packedApp: string;
  }
}

/** Installs the package once, for all examples. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await resolveTemporalCli({ onProgress: (message) => console.log(message) });
  const app = await installPackedApp();
  project.provide('packedApp', app);
  return () => rm(app, { recursive: true });
}
