import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder.js';

/** An active writer's file is younger: a download without a byte for a minute is given up. */
const ABANDONED_AFTER_MS = 60 * 60_000;

/** A file under construction. End it with `moveTo` or `discard`. */
export interface TemporaryFile {
  append(chunk: Uint8Array): Promise<void>;
  /** Flushes it to the disk, then moves it: readers see the whole file or none. */
  moveTo(location: string): Promise<void>;
  /** Never throws: what can't be removed now is removed by a later check. */
  discard(): Promise<void>;
}

/**
 * The folder in which every file is written before it is moved to its place. It is inside the store's root, so that the
 * move stays in one file system, and starts with a dot, which no key's name does.
 */
export class TemporaryFiles {
  readonly #folder: string;

  constructor(root: string) {
    this.#folder = join(root, '.tmp');
  }

  async create(): Promise<TemporaryFile> {
    await makeFolder(this.#folder);
    const path = join(this.#folder, randomUUID());
    return toTemporaryFile(path, await open(path, 'wx'));
  }

  /** Removes the files of writers that were killed. Never throws: files that stay do no harm but take room. */
  async removeAbandoned(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) {
      await removeIfAbandoned(join(this.#folder, name)).catch(() => undefined);
    }
  }
}

async function removeIfAbandoned(path: string): Promise<void> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path);
}

function toTemporaryFile(path: string, file: FileHandle): TemporaryFile {
  return {
    // Unlike `write`, it goes on until every byte is written.
    append: (chunk) => file.appendFile(chunk),
    moveTo: async (location) => {
      await file.sync();
      await file.close();
      await rename(path, location);
    },
    discard: async () => {
      await file.close().catch(() => undefined);
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
}
