import { createHash } from 'node:crypto';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from './error-code.js';
import { makeFolder } from './make-folder.js';
import { OutputError } from './output-error.js';
import { toDistinctName } from './safe-name.js';
import { type Content, type OutputStore, type StoredObject, toChunks, type WriteOptions } from './store.js';
import { readStoreId } from './store-id.js';
import { type TemporaryFile, TemporaryFiles } from './temporary-files.js';

/** Writes to a local folder, which is created when it is first needed. */
export class DirectoryStore implements OutputStore {
  readonly root: string;
  readonly #temporaryFiles: TemporaryFiles;

  /** @param directory A path. A relative one is resolved against the working directory. */
  constructor(directory: string) {
    this.root = resolve(directory);
    this.#temporaryFiles = new TemporaryFiles(this.root);
  }

  /** Writes and removes a file, and reads the id. Also removes temporary files that are older than 1 hour: their writers were killed. */
  async check(): Promise<void> {
    // Always the same name: the file of a killed worker is replaced and removed by the next check.
    const probe = join(this.root, '.probe');
    try {
      // Only a write shows missing permissions, a full disk, a read-only file system, or a file in place of the directory.
      const file = await this.#openTemporary(this.root);
      try {
        await file.append(Buffer.from('x'));
        await file.moveTo(probe);
      } catch (error) {
        await file.discard();
        throw error;
      }
      await rm(probe, { force: true });
    } catch (error) {
      throw new OutputError('write to', this.root, error);
    }
    await this.id();
    await this.#temporaryFiles.removeAbandoned();
  }

  /** Kept in `.store-id` at the root. A copy of the folder keeps the id, so it counts as the same store. */
  async id(): Promise<string> {
    try {
      return await readStoreId(this.root);
    } catch (error) {
      throw new OutputError('read the id of', this.root, error);
    }
  }

  async write(key: readonly string[], content: Content, { signal }: WriteOptions = {}): Promise<StoredObject> {
    const location = this.locate(key);
    signal?.throwIfAborted();
    // Wrap only file operations in `OutputError`. An error from reading the content is thrown unchanged.
    const orOutputError = <T>(operation: Promise<T>): Promise<T> =>
      operation.catch((error: unknown) => {
        throw new OutputError('write', location, error);
      });
    // Open the file first: if opening fails, the content has not been started and need not be closed.
    const file = await orOutputError(this.#openTemporary(dirname(location)));
    const digest = createHash('sha256');
    let bytes = 0;
    try {
      // If a write in the loop fails, `for await` closes the content.
      for await (const chunk of toChunks(content)) {
        signal?.throwIfAborted();
        await orOutputError(file.append(chunk));
        digest.update(chunk);
        bytes += chunk.byteLength;
      }
      signal?.throwIfAborted();
      await orOutputError(file.moveTo(location));
    } catch (error) {
      await file.discard();
      throw error;
    }
    return { location, bytes, sha256: digest.digest('hex') };
  }

  async read(key: readonly string[]): Promise<AsyncIterable<Uint8Array> | undefined> {
    const location = this.locate(key);
    try {
      // Opened here and not when it is first read, so that a missing file returns `undefined`.
      return readChunks(await open(location, 'r'), location);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new OutputError('read', location, error);
    }
  }

  async size(key: readonly string[]): Promise<number | undefined> {
    const location = this.locate(key);
    try {
      return (await stat(location)).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new OutputError('read', location, error);
    }
  }

  locate(key: readonly string[]): string {
    if (key.length === 0) throw new TypeError('a key needs at least one name');
    return join(this.root, ...key.map(toDistinctName));
  }

  async remove(key: readonly string[]): Promise<void> {
    const location = this.locate(key);
    try {
      await rm(location);
    } catch (error) {
      if (!isMissing(error)) throw new OutputError('remove', location, error);
    }
  }

  /** @param folder The folder that the file will be moved to. Created if it is missing. */
  async #openTemporary(folder: string): Promise<TemporaryFile> {
    await makeFolder(folder);
    return this.#temporaryFiles.create();
  }
}

async function* readChunks(file: FileHandle, location: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file.createReadStream();
  } catch (error) {
    throw new OutputError('read', location, error);
  }
}

function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
