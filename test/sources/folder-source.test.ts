import { spawnSync } from 'node:child_process';
import { appendFile, chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { comparePaths, FolderSource, SourceError, SourceFileError, toPathBytes } from '../../src/sources/index.js';
import { listAll, listPaths, putFile, readText, sourceFolder, withoutPrivileges } from './support.js';

/** Names that sort otherwise where folders are sorted by their name alone, or by UTF-16. */
const FILES = {
  'a-b.md': '1',
  'a.md': '2',
  'a/x.md': '3',
  'a/y/z.md': '4',
  'a0.md': '5',
  '\uFFFD.md': '6',
  '\u{1F600}.md': '7',
};

describe('a folder', () => {
  test('is listed with its sub-folders, ordered by the bytes of the paths, with sizes', async () => {
    const source = new FolderSource(await sourceFolder(FILES));
    const entries = await listAll(source);
    expect(entries.map(({ path }) => path)).toEqual(Object.keys(FILES));
    expect(entries.every((entry) => 'size' in entry && entry.size === 1 && entry.changeToken !== '')).toBe(true);
  });

  test('is listed from any path on, whether or not there is such a file', async () => {
    const source = new FolderSource(await sourceFolder(FILES));
    const all = await listPaths(source);
    for (const after of ['', ...all, 'a', 'a/', 'a/y', 'a/y/', 'a/zzz', 'b', '\u{1F9FF}'])
      expect(await listPaths(source, { after })).toEqual(all.filter((path) => comparePaths(path, after) > 0));
  });

  test('of any names is in order, and continues after each of them', async () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'A', '-', '.', '0', '~', 'é', '\uFFFD', '🦙'),
      minLength: 1,
      maxLength: 3,
    });
    const path = fc.array(
      name.filter((part) => !/^\.+$/.test(part)),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(path, { maxLength: 8 }), async (paths) => {
        const folder = await sourceFolder();
        // A name can't be both a file and a folder.
        for (const parts of paths) await putFile(folder, `${parts.join('/')}.md`, 'x').catch(() => undefined);
        const source = new FolderSource(folder);
        const all = await listPaths(source);
        expect(all).toEqual(all.toSorted(comparePaths));
        for (const [index, after] of all.entries())
          expect(await listPaths(source, { after })).toEqual(all.slice(index + 1));
      }),
      { numRuns: 30 },
    );
  });

  test('with names that are not UTF-8 has all its files, each with a path of its own', async () => {
    const folder = await sourceFolder();
    const names = [Buffer.from([0x61, 0xe9]), Buffer.from([0x61, 0xff]), Buffer.from('a\uFFFD')];
    for (const [index, name] of names.entries())
      await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), `${index}`);
    const source = new FolderSource(folder);
    const paths = await listPaths(source);
    expect(paths.map((path) => toPathBytes(path).toString('hex')).toSorted()).toEqual(
      names.map((name) => name.toString('hex')).toSorted(),
    );
    expect(paths).toContain('a\udce9');
    const texts = await Promise.all(paths.map(async (path) => readText(await source.open(path))));
    expect(texts.toSorted()).toEqual(['0', '1', '2']);
  });

  test('whose list is stopped is not read on', async () => {
    const source = new FolderSource(await sourceFolder(FILES));
    const controller = new AbortController();
    const list = source.list({ signal: controller.signal });
    await list.next();
    controller.abort(new Error('stopped'));
    await expect(list.next()).rejects.toThrow('stopped');
  });

  test('has another id than the folder that takes its place, and the same whatever is in it', async () => {
    const folder = await sourceFolder({ 'a.md': 'x' });
    const source = new FolderSource(folder);
    const before = await source.id();
    await putFile(folder, 'b.md', 'x');
    expect(await source.id()).toBe(before);
    await rename(folder, `${folder}-volume`);
    onTestFinished(() => rm(`${folder}-volume`, { recursive: true }));
    await expect(source.id()).rejects.toThrow(SourceError);
    await mkdir(folder);
    expect(await source.id()).not.toBe(before);
  });

  test('that is not there, or is a file, fails the list', async () => {
    const folder = await sourceFolder({ 'a.md': 'x' });
    for (const root of [join(folder, 'missing'), join(folder, 'a.md')]) {
      await expect(listPaths(new FolderSource(root))).rejects.toThrow(SourceError);
      await expect(listPaths(new FolderSource(root))).rejects.toThrow(`Could not list ${root}`);
    }
  });
});

describe('what is no file that can be read is an entry that says why', () => {
  test('links, also to folders and in circles, and pipes', async () => {
    const folder = await sourceFolder({ 'b/in.md': 'x' });
    const outside = await sourceFolder({ 'secret.md': 'secret' });
    await symlink(join(outside, 'secret.md'), join(folder, 'a.md'));
    await symlink(outside, join(folder, 'c'));
    await symlink('..', join(folder, 'b/up'));
    await symlink('nowhere', join(folder, 'd.md'));
    expect(spawnSync('mkfifo', [join(folder, 'e.md')]).status).toBe(0);
    expect(await listAll(new FolderSource(folder))).toEqual([
      { path: 'a.md', problem: 'it is a symbolic link, and links are not followed', mayPass: false },
      expect.objectContaining({ path: 'b/in.md', size: 1 }),
      { path: 'b/up', problem: 'it is a symbolic link, and links are not followed', mayPass: false },
      { path: 'c', problem: 'it is a symbolic link, and links are not followed', mayPass: false },
      { path: 'd.md', problem: 'it is a symbolic link, and links are not followed', mayPass: false },
      { path: 'e.md', problem: 'it is no regular file', mayPass: false },
    ]);
  });

  test('a folder that may not be read: all below it is unknown, also from a path in it on, and the others are listed', async () => {
    const folder = await sourceFolder({ 'a/x.md': 'x', 'b/y.md': 'y' });
    await chmod(join(folder, 'a'), 0);
    const source = new FolderSource(folder);
    await withoutPrivileges(async () => {
      expect(await listAll(source)).toEqual([
        { path: 'a/', problem: 'it may not be read (EACCES)', mayPass: true },
        expect.objectContaining({ path: 'b/y.md' }),
      ]);
      for (const after of ['a/', 'a/m.md', 'a/m/n.md'])
        expect(await listPaths(source, { after })).toEqual(['a/', 'b/y.md']);
      expect(await listPaths(source, { after: 'a0' })).toEqual(['b/y.md']);
    });
  });
});

describe('a file', () => {
  test('is read whole, with its size and the token of the list', async () => {
    const source = new FolderSource(await sourceFolder({ 'a/b.md': 'content' }));
    const [listed] = await listAll(source);
    const file = await source.open('a/b.md');
    expect({ path: 'a/b.md', size: file.size, changeToken: file.changeToken }).toEqual(listed);
    expect(await readText(file)).toBe('content');
  });

  test('has another token once it was written again, also with the same size and time', async () => {
    const folder = await sourceFolder({ 'a.md': 'one', 'b.md': 'two' });
    const source = new FolderSource(folder);
    const token = async () => (await source.open('a.md')).changeToken;
    const before = await token();
    expect(await token()).toBe(before);
    // The times of `b.md` are older, and `mv` keeps them.
    await rename(join(folder, 'b.md'), join(folder, 'a.md'));
    expect(await token()).not.toBe(before);
  });

  test('that changes while it is read says so', async () => {
    const folder = await sourceFolder({ 'a.md': 'x'.repeat(200_000) });
    const { content } = await new FolderSource(folder).open('a.md');
    const read = async () => {
      for await (const _chunk of content) await appendFile(join(folder, 'a.md'), 'more');
    };
    await expect(read()).rejects.toThrow(new SourceFileError('it has changed while it was read'));
  });

  test('that is gone, may not be read, or has become something else fails alone', async () => {
    const folder = await sourceFolder({ 'a.md': 'a', 'b.md': 'b', 'c.md': 'c', 'd/x.md': 'x', 'e/x.md': 'x' });
    const outside = await sourceFolder({ 'x.md': 'secret' });
    const source = new FolderSource(folder);
    await rm(join(folder, 'a.md'));
    await chmod(join(folder, 'b.md'), 0);
    await rm(join(folder, 'c.md'));
    await symlink(join(outside, 'x.md'), join(folder, 'c.md'));
    await rm(join(folder, 'd'), { recursive: true });
    await symlink(outside, join(folder, 'd'));
    await rm(join(folder, 'e/x.md'));
    await mkdir(join(folder, 'e/x.md'));
    const problem = (path: string) =>
      withoutPrivileges(() =>
        source.open(path).then(
          () => 'it was opened',
          (error: unknown) => (error instanceof SourceFileError ? error.message : String(error)),
        ),
      );
    expect(await problem('a.md')).toBe('it is gone (ENOENT)');
    expect(await problem('b.md')).toBe('it may not be read (EACCES)');
    expect(await problem('c.md')).toBe('it is a symbolic link, and links are not followed');
    expect(await problem('d/x.md')).toBe('a folder of its path is a symbolic link');
    expect(await problem('e/x.md')).toBe('it is no file any more');
  });
});
