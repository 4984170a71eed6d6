import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { DirectoryStore } from '../../src/outputs/index.js';
import { outputError, temporaryFolder } from './support.js';

const UUID = '9b1f0a3e-5a52-4f0c-8a4e-3f6f5d0c7b11';

const share = vi.hoisted(() => ({ code: '', afterRead: async (_text: string) => {} }));

// A share without hard links, such as SMB or exFAT.
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const link = async () => {
    throw Object.assign(new Error(`${share.code}: operation not permitted, link`), { code: share.code });
  };
  const readFile = async (path: string, encoding: 'utf8') => {
    const text = await fs.readFile(path, encoding);
    await share.afterRead(text);
    return text;
  };
  return { ...fs, link, readFile };
});

let root: string;

beforeEach(async () => {
  root = join(await temporaryFolder(), 'out');
  share.afterRead = async () => {};
});

test.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
  'workers that start together on a share whose links fail with %s agree on its id',
  async (code) => {
    share.code = code;
    const stores = Array.from({ length: 20 }, () => new DirectoryStore(root));
    const ids = await Promise.all(stores.map((store) => store.id()));
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(await new DirectoryStore(root).id()).toBe(ids[0]);
    expect((await readdir(root, { recursive: true })).sort()).toEqual(['.store-id', '.tmp']);
  },
);

test.each(['', UUID.slice(0, 20)])('an id that another worker is writing, %j so far, is read again', async (start) => {
  const path = join(root, '.store-id');
  await new DirectoryStore(root).write(['a'], '');
  await writeFile(path, start);
  share.afterRead = async (text) => {
    if (text === start) await writeFile(path, `${UUID}\n`);
  };
  expect(await new DirectoryStore(root).id()).toBe(UUID);
});

test('another error of the link is an OutputError', async () => {
  share.code = 'EIO';
  expect((await outputError(new DirectoryStore(root).id())).message).toContain(`Could not read the id of ${root}: EIO`);
});
