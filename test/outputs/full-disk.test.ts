import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DirectoryStore, OutputError } from '../../src/outputs/index.js';

// A full file system needs a mount; this device is as full as one.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return { ...fs, createWriteStream: () => fs.createWriteStream('/dev/full') };
});

test('a full disk is an OutputError, which ends the stream and leaves nothing', async () => {
  const root = await mkdtemp(join(tmpdir(), 'outputs-test-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const store = new DirectoryStore(root);
  const ended = vi.fn();
  async function* content() {
    try {
      for (let count = 0; count < 1_000; count++) yield Buffer.alloc(100_000);
    } finally {
      ended();
    }
  }
  const error: unknown = await store.write(['bat-1', 'a.md'], content()).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(OutputError);
  expect(String(error)).toMatch(/Could not write .*a\.md: (ENOSPC|EACCES|EPERM)/);
  expect(ended).toHaveBeenCalled();
  expect(await readdir(join(root, 'bat-1'))).toEqual([]);
});
