import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DirectoryStore } from '../../src/outputs/index.js';
import { outputError, temporaryFolder } from './support.js';

const MINUTE_MS = 60_000;

let root: string;
let store: DirectoryStore;
let temporaryFiles: string;

beforeEach(async () => {
  root = join(await temporaryFolder(), 'out');
  store = new DirectoryStore(root);
  temporaryFiles = join(root, '.tmp');
});

/** Leaves a temporary file whose writer wrote to it last so long ago. */
async function leave(name: string, ageMs: number): Promise<void> {
  await mkdir(temporaryFiles, { recursive: true });
  const path = join(temporaryFiles, name);
  await writeFile(path, 'half a document');
  const lastWritten = new Date(Date.now() - ageMs);
  await utimes(path, lastWritten, lastWritten);
}

describe('temporary files', () => {
  test('are all in one folder while they are written', async () => {
    let during: string[] = [];
    async function* content() {
      yield Buffer.from('a');
      during = await readdir(root, { recursive: true });
      yield Buffer.from('b');
    }
    await store.write(['bat-1', 'dfl-1.md'], content());
    expect(during.sort()).toEqual(['.tmp', expect.stringMatching(/^\.tmp\/[0-9a-f-]+$/), 'bat-1']);
    expect(await readdir(temporaryFiles)).toEqual([]);
  });

  test('of killed writers are removed by the check, those of active ones are left', async () => {
    await leave('killed', 61 * MINUTE_MS);
    await leave('active', 59 * MINUTE_MS);
    await store.check();
    expect(await readdir(temporaryFiles)).toEqual(['active']);
  });

  test('that can not be removed are no failure of the check, and the others are removed', async () => {
    await leave('a-killed', 61 * MINUTE_MS);
    await mkdir(join(temporaryFiles, 'b-folder', 'inside'), { recursive: true });
    await utimes(join(temporaryFiles, 'b-folder'), new Date(0), new Date(0));
    await leave('c-killed', 61 * MINUTE_MS);
    await store.check();
    expect(await readdir(temporaryFiles)).toEqual(['b-folder']);
  });
});

describe('the check', () => {
  test('makes the folder and its id, and leaves nothing else behind', async () => {
    await store.check();
    await store.check();
    expect((await readdir(root)).sort()).toEqual(['.store-id', '.tmp']);
    expect(await readdir(temporaryFiles)).toEqual([]);
  });

  test('leaves documents alone, however old', async () => {
    const { location } = await store.write(['bat-1', 'dfl-1.md'], 'a document');
    await utimes(location, new Date(0), new Date(0));
    await store.check();
    expect(await readFile(location, 'utf8')).toBe('a document');
  });

  test('fails for a place that can not be written to', async () => {
    // Not by its mode, which would not stop root.
    const error = await outputError(new DirectoryStore('/sys/nowhere').check());
    expect(error.message).toMatch(/^Could not write to \/sys\/nowhere: (EPERM|EACCES|EROFS)/);
  });

  test('fails where the id of the folder can not be read, so that the worker does not start', async () => {
    await mkdir(join(root, '.store-id'), { recursive: true });
    expect((await outputError(store.check())).message).toMatch(`Could not read the id of ${root}: EISDIR`);
  });

  test('fails for a file where the folder should be', async () => {
    await writeFile(root, 'a file');
    expect((await outputError(store.check())).message).toMatch(`Could not write to ${root}: ENOTDIR`);
  });
});
