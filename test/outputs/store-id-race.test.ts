import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { DirectoryStore } from '../../src/outputs/index.js';
import { temporaryFolder } from './support.js';

const OTHER_ID = '9b1f0a3e-5a52-4f0c-8a4e-3f6f5d0c7b11';

const otherWorker = vi.hoisted(() => ({ act: async () => {} }));

// Puts another worker between the read that finds no id and the creation of one.
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const readFile = async (path: string, encoding: 'utf8') => {
    try {
      return await fs.readFile(path, encoding);
    } catch (error) {
      await otherWorker.act();
      throw error;
    }
  };
  return { ...fs, readFile };
});

test('an id that another worker created after this one found none is taken, not replaced', async () => {
  const root = await temporaryFolder();
  otherWorker.act = () => writeFile(join(root, '.store-id'), OTHER_ID);
  expect(await new DirectoryStore(root).id()).toBe(OTHER_ID);
});
