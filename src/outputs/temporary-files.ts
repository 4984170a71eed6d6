import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder.js';

/** A download that receives nothing for a minute is given up, so the file of a live writer is never that old. */
const ABANDONED_AFTER_MS = 60 * 60_000;

/**
 * The folder in which files are written before they are moved. It is inside the root, since a move within one file system is atomic,
 * and its name starts with a dot, unlike the names of documents and folders.
 */
export const TEMPORARY_FOLDER = '.tmp';

/** A file that is being written. Finish it with `moveTo` or `discard`. */
export interface TemporaryFile {
  append(chunk: Uint8Array): Promise<void>;
  /** Flushes it to disk, then moves it, so that readers see the complete file or none. */
  moveTo(location: string): Promise<void>;
  /** Never throws: what can't be removed now is removed when a worker starts. */
  discard(): Promise<void>;
}

/** The files in the temporary folder of a root. */
export class TemporaryFiles {
  readonly #folder: string;

  constructor(root: string) {
    this.#folder = join(root, TEMPORARY_FOLDER);
  }

  async create(): Promise<TemporaryFile> {
    await makeFolder(this.#folder);
    const path = join(this.#folder, randomUUID());
    return toTemporaryFile(path, await open(path, 'wx'));
  }

  /** Removes the files of writers that were killed. Never throws: such files only take space. */
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
    // Unlike `write`, `appendFile` continues until every byte is written.
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
