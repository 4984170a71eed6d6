import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from './error-code.js';
import { makeFolder } from './make-folder.js';
import { OutputError } from './output-error.js';
import { safeName } from './safe-name.js';
import type { Content, OutputStore, StoredObject } from './store.js';
import { readStoreId } from './store-id.js';
import { type TemporaryFile, TemporaryFiles } from './temporary-files.js';

/** Documents in a local directory, which is made when it is first needed. */
export class DirectoryStore implements OutputStore {
  readonly root: string;
  readonly #temporaryFiles: TemporaryFiles;

  /** @param directory Path; a relative one is taken from the working directory. */
  constructor(directory: string) {
    this.root = resolve(directory);
    this.#temporaryFiles = new TemporaryFiles(this.root);
  }

  /** Writes and removes a file. Also removes the temporary files of writers that were killed, by their age: 1 hour. */
  async check(): Promise<void> {
    const probe = join(this.root, `.probe-${randomUUID()}`);
    try {
      // Permissions, read-only file systems, full disks and files in the way show only when something is written.
      const file = await this.#openTemporary(this.root);
      try {
        await file.append(Buffer.from('x'));
        await file.moveTo(probe);
      } catch (error) {
        await file.discard();
        throw error;
      }
      await rm(probe);
    } catch (error) {
      throw new OutputError('write to', this.root, error);
    }
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

  async write(key: readonly string[], content: Content): Promise<StoredObject> {
    const location = this.locate(key);
    // Around each operation of the store and around nothing else: a document that breaks off is no failure of the store.
    const store = <T>(operation: Promise<T>): Promise<T> =>
      operation.catch((error: unknown) => {
        throw new OutputError('write', location, error);
      });
    // Opened before the content is read: content that is never read needs no closing.
    const file = await store(this.#openTemporary(dirname(location)));
    const digest = createHash('sha256');
    let bytes = 0;
    try {
      // The loop closes the content when an operation of the store throws.
      for await (const chunk of toChunks(content)) {
        await store(file.append(chunk));
        digest.update(chunk);
        bytes += chunk.byteLength;
      }
      await store(file.moveTo(location));
    } catch (error) {
      await file.discard();
      throw error;
    }
    return { location, bytes, sha256: digest.digest('hex') };
  }

  async read(key: readonly string[]): Promise<AsyncIterable<Uint8Array> | undefined> {
    const location = this.locate(key);
    try {
      // Opened here, so that a missing file is told apart before anything is read.
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
    if (key.length === 0) throw new TypeError('a key has at least one name: the root itself is no file');
    return join(this.root, ...key.map(safeName));
  }

  /** @param folder Where the file will be moved to; made where it is missing. */
  async #openTemporary(folder: string): Promise<TemporaryFile> {
    await makeFolder(folder);
    return this.#temporaryFiles.create();
  }
}

function toChunks(content: Content): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return typeof content === 'string' ? [Buffer.from(content, 'utf8')] : content;
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
