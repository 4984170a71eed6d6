import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { OutputError } from '../../src/outputs/index.js';

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outputs-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The error that an operation of a store rejects with. */
export async function outputError(promise: Promise<unknown>): Promise<OutputError> {
  const error: unknown = await promise.catch((error: unknown) => error);
  if (error instanceof OutputError) return error;
  throw new Error(`expected an OutputError, got ${String(error)}`);
}
