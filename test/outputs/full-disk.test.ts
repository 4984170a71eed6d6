import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { DirectoryStore } from '../../src/outputs/index.js';
import { outputError, temporaryFolder } from './support.js';

// A full file system needs a mount; this device is as full as one.
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  return { ...fs, open: () => fs.open('/dev/full', 'w') };
});

test('a full disk is an OutputError, which closes the content and leaves nothing', async () => {
  const root = await temporaryFolder();
  const closed = vi.fn();
  async function* content() {
    try {
      for (let count = 0; count < 1_000; count++) yield Buffer.alloc(100_000);
    } finally {
      closed();
    }
  }
  const error = await outputError(new DirectoryStore(root).write(['bat-1', 'a.md'], content()));
  expect(error.message).toMatch(/Could not write .*a\.md: ENOSPC/);
  expect(closed).toHaveBeenCalled();
  expect(await readdir(join(root, 'bat-1'))).toEqual([]);
});

test('a full disk is noticed by the check', async () => {
  const root = await temporaryFolder();
  expect((await outputError(new DirectoryStore(root).check())).message).toMatch(`Could not write to ${root}: ENOSPC`);
});
