import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DirectoryStore } from '../../src/outputs/index.js';
import { outputError, temporaryFolder } from './support.js';

let root: string;
let store: DirectoryStore;

beforeEach(async () => {
  root = join(await temporaryFolder(), 'out');
  store = new DirectoryStore(root);
});

const KEY = ['bat-1', 'dfl-1.md'];

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

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

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('a write', () => {
  test.each(['', 'plain', 'Grüße, 世界 \u{1F600}\n', 'x'.repeat(300_000)])(
    'of text says where it is, how many bytes it has and their hash, %#',
    async (text) => {
      const location = join(root, 'bat-1', 'dfl-1.md');
      const bytes = Buffer.byteLength(text);
      expect(await store.write(KEY, text)).toEqual({ location, bytes, sha256: sha256(text) });
      expect(await readFile(location, 'utf8')).toBe(text);
      expect(await files()).toEqual(['dfl-1.md']);
    },
  );

  test('of a stream does so as well', async () => {
    const stored = await store.write(KEY, pieces('Grü', 'ße', '', '世界'));
    expect(stored).toMatchObject({ bytes: 13, sha256: sha256('Grüße世界') });
    expect(await textOf(await store.read(KEY))).toBe('Grüße世界');
  });

  test('replaces what was there, even if it was longer', async () => {
    await store.write(KEY, 'something long');
    await store.write(KEY, pieces('short'));
    expect(await textOf(await store.read(KEY))).toBe('short');
    expect(await files()).toEqual(['dfl-1.md']);
  });

  test('is not seen before it is whole', async () => {
    await store.write(KEY, 'old');
    const seen: (string | undefined)[] = [];
    async function* content() {
      yield Buffer.from('n');
      yield Buffer.alloc(200_000, 'e');
      seen.push(await textOf(await store.read(KEY)));
      yield Buffer.from('w');
    }
    const { bytes } = await store.write(KEY, content());
    expect(seen).toEqual(['old']);
    expect((await readFile(store.locate(KEY))).length).toBe(bytes);
  });

  test('of a stream that breaks leaves what was there, and the error is the stream’s own', async () => {
    const broken = new Error('the document broke off');
    async function* content() {
      yield Buffer.alloc(200_000, 'x');
      throw broken;
    }
    await expect(store.write(KEY, content())).rejects.toBe(broken);
    expect(await files()).toEqual([]);
    await store.write(KEY, 'old');
    await expect(store.write(KEY, content())).rejects.toBe(broken);
    expect(await textOf(await store.read(KEY))).toBe('old');
    expect(await files()).toEqual(['dfl-1.md']);
  });

  test('by many at once ends in one whole file', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(50_000 + index));
    const stored = await Promise.all(texts.map((text) => store.write(KEY, pieces(text.slice(0, 9), text.slice(9)))));
    expect(stored.map(({ sha256 }) => sha256)).toEqual(texts.map(sha256));
    expect(texts).toContain(await textOf(await store.read(KEY)));
    expect(await files()).toEqual(['dfl-1.md']);
  });

  test('needs a name: the root is no file', async () => {
    await expect(store.write([], 'a')).rejects.toThrow(TypeError);
    await expect(store.size([])).rejects.toThrow(TypeError);
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

  test('where another error ends the content, the content is closed and the error is its own', async () => {
    const { seen, content } = observed();
    const broken = new Error('the document broke off');
    async function* breaking() {
      for await (const chunk of content) {
        yield chunk;
        throw broken;
      }
    }
    await expect(store.write(KEY, breaking())).rejects.toBe(broken);
    expect(seen).toEqual({ started: true, closed: true });
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

describe('what is not there', () => {
  test('reads as nothing and has no size, even if its directory is a file', async () => {
    expect(await store.read(KEY)).toBeUndefined();
    expect(await store.size(KEY)).toBeUndefined();
    await writeFile(root, 'a file');
    expect(await store.read(KEY)).toBeUndefined();
    expect(await store.size(KEY)).toBeUndefined();
  });
});

test('the size of what is there is that of its bytes', async () => {
  await store.write(KEY, 'Ä');
  expect(await store.size(KEY)).toBe(2);
});
