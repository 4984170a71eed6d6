import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DirectoryStore } from '../../src/outputs/index.js';
import { outputStoreConformance } from '../../src/testing/index.js';
import { outputError, temporaryFolder } from './support.js';

let root: string;
let store: DirectoryStore;

beforeEach(async () => {
  root = join(await temporaryFolder(), 'out');
  store = new DirectoryStore(root);
});

const KEY = ['bat-1', 'dfl-1.md'];

/** Every file below the root, hidden ones too. */
async function files(): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}

async function textOf(content: AsyncIterable<Uint8Array> | undefined): Promise<string | undefined> {
  if (content === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

describe('a directory', () => {
  test.each(outputStoreConformance(async () => new DirectoryStore(root)))(
    'keeps what a store promises: $name',
    ({ run }) => run(),
  );

  test('holds nothing but the document after a write, also after one that broke off', async () => {
    const location = join(root, 'bat-1', 'dfl-1.md');
    async function* broken() {
      yield Buffer.alloc(200_000, 'x');
      throw new Error('the document broke off');
    }
    await expect(store.write(KEY, broken())).rejects.toThrow('the document broke off');
    expect(await files()).toEqual([]);
    expect(await store.write(KEY, 'a document')).toMatchObject({ location });
    await expect(store.write(KEY, broken())).rejects.toThrow('the document broke off');
    expect(await readFile(location, 'utf8')).toBe('a document');
    expect(await files()).toEqual(['dfl-1.md']);
  });
});

describe('a write that fails leaves no source open:', () => {
  /** Content that tells whether its reading has begun, and whether it was closed. */
  function observed() {
    const seen = { started: false, closed: false };
    async function* content() {
      seen.started = true;
      try {
        for (;;) yield Buffer.alloc(100_000, 'x');
      } finally {
        seen.closed = true;
      }
    }
    return { seen, content: content() };
  }

  test('where the folder can not be made, reading does not begin', async () => {
    await writeFile(root, 'a file');
    const { seen, content } = observed();
    await outputError(store.write(KEY, content));
    expect(seen).toEqual({ started: false, closed: false });
  });

  test('nor where the file can not be opened', async () => {
    await mkdir(root);
    await writeFile(join(root, '.tmp'), 'a file');
    const { seen, content } = observed();
    await outputError(store.write(KEY, content));
    expect(seen).toEqual({ started: false, closed: false });
  });
});

describe('a store that fails says where, as an OutputError with its cause', () => {
  test('for a file where its directory should be', async () => {
    await writeFile(root, 'a file');
    const error = await outputError(store.write(KEY, 'a'));
    expect(error.message).toMatch(`Could not write ${store.locate(KEY)}: ENOTDIR`);
    expect(error).toMatchObject({ name: 'OutputError', cause: { code: 'ENOTDIR' } });
  });

  test('for a directory where its file should be, and leaves nothing', async () => {
    await mkdir(join(store.locate(KEY), 'inside'), { recursive: true });
    const error = await outputError(store.write(KEY, 'a'));
    expect(error.message).toContain(`Could not write ${store.locate(KEY)}: `);
    expect(await files()).toEqual([]);
    const reading = async () => textOf(await store.read(KEY));
    expect((await outputError(reading())).message).toMatch(`Could not read ${store.locate(KEY)}: EISDIR`);
  });

  test('for a place that can not be written to', async () => {
    // Not by its mode, which would not stop root.
    const nowhere = new DirectoryStore('/sys/nowhere');
    const error = await outputError(nowhere.write(KEY, 'a'));
    expect(error.message).toMatch(/^Could not write \/sys\/nowhere\/bat-1\/dfl-1.md: (EPERM|EACCES|EROFS)/);
  });

  test('for a directory that goes while it is written', async () => {
    async function* content() {
      yield Buffer.from('a');
      await rm(root, { recursive: true });
    }
    const error = await outputError(store.write(KEY, content()));
    expect(error.message).toMatch(`Could not write ${store.locate(KEY)}: ENOENT`);
  });

  test('for a link that leads nowhere', async () => {
    await symlink(join(root, 'gone', 'deeper'), root);
    expect((await outputError(store.write(KEY, 'a'))).message).toContain(`Could not write ${store.locate(KEY)}: `);
  });

  test('for a path that is too long as a whole', async () => {
    const key = Array.from({ length: 40 }, () => 'x'.repeat(170));
    expect((await outputError(store.write(key, 'a'))).cause).toMatchObject({ code: 'ENAMETOOLONG' });
  });
});

test('what is below a file is not there', async () => {
  await writeFile(root, 'a file');
  expect(await store.read(KEY)).toBeUndefined();
  expect(await store.size(KEY)).toBeUndefined();
});
