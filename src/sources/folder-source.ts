import type { BigIntStats, Dirent } from 'node:fs';
import { constants, type FileHandle, lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorCode } from '../outputs/error-code.js';
import { chunk } from '../protocol/index.js';
import { comparePaths, toPathBytes, toPathText } from './path-text.js';
import type { CorpusSource, ListOptions, OpenedSourceFile, SourceEntry, UnreadableEntry } from './source.js';
import { SourceError, SourceFileError } from './source-error.js';

/** Without these, a link would be followed, and a pipe would never be opened. Windows has neither flag. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const SLASH = Buffer.from('/');

/** A network file system takes milliseconds for each. */
const CONCURRENT_STATS = 64;

/** An entry of a folder. */
interface Entry {
  /** Path below the root. That of a folder ends with `/`: sorted by it, a folder comes where its files do. */
  readonly path: string;
  readonly dirent: Dirent<Buffer>;
}

/** The files of a folder and of its sub-folders. Links are not followed: they may lead out of the folder, or form a circle. */
export class FolderSource implements CorpusSource {
  readonly location: string;

  /** @param folder A path. A relative one is resolved against the working directory. */
  constructor(folder: string) {
    this.location = resolve(folder);
  }

  async *list({ after = '', signal }: ListOptions = {}): AsyncGenerator<SourceEntry> {
    let entries: Entry[];
    try {
      entries = await this.#readFolder('');
    } catch (error) {
      throw new SourceError('list', this.location, error);
    }
    yield* this.#listEntries(entries, after, signal);
  }

  /** Not with the device: each machine, and each mount, gives another one to the same network file system. */
  async id(): Promise<string> {
    try {
      return String((await stat(this.location, { bigint: true })).ino);
    } catch (error) {
      throw new SourceError('read', this.location, error);
    }
  }

  async open(path: string): Promise<OpenedSourceFile> {
    let file: FileHandle | undefined;
    try {
      await this.#assertNoLink(path);
      file = await open(this.#toBytes(path), OPEN_FLAGS);
      const stats = await file.stat({ bigint: true });
      if (!stats.isFile()) throw new SourceFileError('it is no file any more');
      return { size: Number(stats.size), changeToken: toChangeToken(stats), content: readUnchanged(file, stats) };
    } catch (error) {
      await file?.close().catch(() => undefined);
      throw error instanceof SourceFileError ? error : new SourceFileError(describeProblem(error), error);
    }
  }

  /** Entries are read one folder at a time: in memory are the names of the folders on the way to the current file. */
  async *#listEntries(
    entries: readonly Entry[],
    after: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<SourceEntry> {
    const remaining = entries.filter(({ path }) => isAfter(path, after) || (isFolder(path) && after.startsWith(path)));
    for (const portion of chunk(remaining, CONCURRENT_STATS)) {
      const files = await Promise.all(
        portion.map((entry) => (isFolder(entry.path) ? undefined : this.#toSourceEntry(entry))),
      );
      for (const [index, { path }] of portion.entries()) {
        signal?.throwIfAborted();
        const file = files[index];
        if (isFolder(path)) yield* this.#listFolder(path, after, signal);
        else if (file !== undefined) yield file;
      }
    }
  }

  async *#listFolder(path: string, after: string, signal: AbortSignal | undefined): AsyncGenerator<SourceEntry> {
    let entries: Entry[];
    try {
      entries = await this.#readFolder(path);
    } catch (error) {
      // It was removed since its parent was read.
      if (errorCode(error) === 'ENOENT') return;
      // Also if `after` is in it: what comes after that is not known, rather than gone.
      yield toUnreadable(path, describeProblem(error), true);
      return;
    }
    yield* this.#listEntries(entries, after, signal);
  }

  async #readFolder(path: string): Promise<Entry[]> {
    const dirents = await readdir(this.#toBytes(path), { withFileTypes: true, encoding: 'buffer' });
    const entries = dirents.map((dirent) => ({
      path: `${path}${toPathText(dirent.name)}${dirent.isDirectory() ? '/' : ''}`,
      dirent,
    }));
    return entries.sort((a, b) => comparePaths(a.path, b.path));
  }

  async #toSourceEntry({ path, dirent }: Entry): Promise<SourceEntry | undefined> {
    if (dirent.isSymbolicLink()) return toUnreadable(path, 'it is a symbolic link, and links are not followed', false);
    if (!dirent.isFile()) return toUnreadable(path, 'it is no regular file', false);
    try {
      const stats = await lstat(this.#toBytes(path), { bigint: true });
      if (!stats.isFile()) return toUnreadable(path, 'it is no regular file', false);
      return { path, size: Number(stats.size), changeToken: toChangeToken(stats) };
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? undefined : toUnreadable(path, describeProblem(error), true);
    }
  }

  /** A folder on the way may have become a link since it was listed. */
  async #assertNoLink(path: string): Promise<void> {
    const end = path.lastIndexOf('/');
    if (end < 0) return;
    const root = await realpath(this.location, 'buffer');
    const folder = await realpath(this.#toBytes(path.slice(0, end)), 'buffer');
    const expected = Buffer.concat([root, SLASH, toPathBytes(path.slice(0, end))]);
    if (Buffer.compare(folder, expected) !== 0) throw new SourceFileError('a folder of its path is a symbolic link');
  }

  #toBytes(path: string): Buffer {
    return Buffer.concat([Buffer.from(this.location), SLASH, toPathBytes(path)]);
  }
}

function isFolder(path: string): boolean {
  return path.endsWith('/');
}

/** What is below a folder comes after it, and may come after a path although the folder itself does not. */
function isAfter(path: string, after: string): boolean {
  return comparePaths(path, after) > 0;
}

/**
 * The time of the last change of the content can be set, as copying programs do. The time of the last change of the entry can't, but changes
 * also with its permissions.
 */
function toChangeToken({ mtimeNs, ctimeNs }: BigIntStats): string {
  return `${mtimeNs}-${ctimeNs}`;
}

async function* readUnchanged(file: FileHandle, before: BigIntStats): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) yield chunk;
    const after = await file.stat({ bigint: true });
    if (after.size !== before.size || toChangeToken(after) !== toChangeToken(before))
      throw new SourceFileError('it has changed while it was read');
  } catch (error) {
    throw error instanceof SourceFileError ? error : new SourceFileError(describeProblem(error), error);
  } finally {
    await file.close().catch(() => undefined);
  }
}

function toUnreadable(path: string, problem: string, mayPass: boolean): UnreadableEntry {
  return { path, problem, mayPass };
}

/** Without the path, which the system's message repeats as text that may be damaged. */
function describeProblem(error: unknown): string {
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM') return `it may not be read (${code})`;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `it is gone (${code})`;
  if (code === 'ELOOP') return 'it is a symbolic link, and links are not followed';
  return code === undefined ? `it can't be read: ${String(error)}` : `it can't be read (${code})`;
}
