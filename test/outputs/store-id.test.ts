import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { DirectoryStore } from '../../src/outputs/index.js';
import { outputError, temporaryFolder } from './support.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let root: string;

beforeEach(async () => {
  root = join(await temporaryFolder(), 'out');
});

/** Asked all at once, each by a store of its own, as workers do that start together. */
function idsOf(folder: string, workers: number): Promise<string[]> {
  return Promise.all(Array.from({ length: workers }, () => new DirectoryStore(folder).id()));
}

test('workers that start together over a new folder agree on its id', async () => {
  const ids = await idsOf(root, 20);
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(UUID);
  expect(await new DirectoryStore(root).id()).toBe(ids[0]);
});

test('another folder has another id', async () => {
  expect(await new DirectoryStore(`${root}-2`).id()).not.toBe(await new DirectoryStore(root).id());
});

test('the id is that of the folder, whatever path it is reached by, and is read anew each time', async () => {
  const store = new DirectoryStore(root);
  const first = await store.id();
  await symlink(root, `${root}-mounted`);
  expect(await new DirectoryStore(`${root}-mounted`).id()).toBe(first);
  await writeFile(join(root, '.store-id'), '9b1f0a3e-5a52-4f0c-8a4e-3f6f5d0c7b11');
  expect(await store.id()).toBe('9b1f0a3e-5a52-4f0c-8a4e-3f6f5d0c7b11');
});

test('a file that holds something else, or nothing, is not taken for an id', async () => {
  // All at once: each is read again for a while, since it may be unfinished.
  const contents = ['', 'not an id', '9b1f0a3e-5a52'];
  const check = async (content: string, index: number) => {
    const folder = `${root}-${index}`;
    await mkdir(folder);
    await writeFile(join(folder, '.store-id'), content);
    expect((await outputError(new DirectoryStore(folder).id())).message).toContain('.store-id is damaged: delete it');
  };
  await Promise.all(contents.map(check));
});

test('nothing but the id is left behind', async () => {
  await idsOf(root, 5);
  expect((await readdir(root, { recursive: true })).sort()).toEqual(['.store-id', '.tmp']);
});

test('a folder that can not be written to is an OutputError', async () => {
  const error = await outputError(new DirectoryStore('/sys/nowhere').id());
  expect(error.message).toMatch(/^Could not read the id of \/sys\/nowhere: (EPERM|EACCES|EROFS)/);
});
