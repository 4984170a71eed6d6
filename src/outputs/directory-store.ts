import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from './make-folder.js';
import { safeName } from './safe-name.js';
import { type Content, OutputError, type OutputStore, type StoredObject } from './store.js';

/** Documents in a local directory, which is made when the first is written. */
export class DirectoryStore implements OutputStore {
  readonly root: string;

  /** @param directory Path; a relative one is taken from the working directory. */
  constructor(directory: string) {
    this.root = resolve(directory);
  }

  async check(): Promise<void> {
    try {
      await makeFolder(this.root);
      // By writing: permissions, read-only file systems and files in the way all show only then.
      await rmdir(await mkdtemp(join(this.root, '.try-')));
    } catch (error) {
      throw new OutputError('write to', this.root, error);
    }
  }

  async write(key: readonly string[], content: Content): Promise<StoredObject> {
    const location = this.locate(key);
    // Beside its place, so that the rename stays within one file system and a reader never sees half a document.
    const temporary = join(dirname(location), `.${randomUUID()}.tmp`);
    const source = sourceOf(content);
    try {
      await makeFolder(dirname(location));
      const digest = createHash('sha256');
      let bytes = 0;
      await pipeline(
        source.read(),
        async function* (chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            digest.update(chunk);
            bytes += chunk.byteLength;
            yield chunk;
          }
        },
        createWriteStream(temporary, { flags: 'wx', flush: true }),
      );
      await rename(temporary, location);
      return { location, bytes, sha256: digest.digest('hex') };
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      if (source.failed(error)) throw error;
      throw new OutputError('write', location, error);
    }
  }

  async read(key: readonly string[]): Promise<AsyncIterable<Uint8Array> | undefined> {
    const location = this.locate(key);
    try {
      // Opened here, so that a missing file is told apart before anything is read.
      return contentOf(await open(location, 'r'), location);
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
}

async function* contentOf(file: FileHandle, location: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file.createReadStream();
  } catch (error) {
    throw new OutputError('read', location, error);
  }
}

/** Remembers whether it was the content that broke: a document that ended early is no failure of the store. */
function sourceOf(content: Content) {
  let broken: unknown;
  return {
    async *read(): AsyncGenerator<Uint8Array> {
      if (typeof content === 'string') {
        yield Buffer.from(content, 'utf8');
        return;
      }
      try {
        yield* content;
      } catch (error) {
        broken = error;
        throw error;
      }
    },
    failed: (error: unknown) => broken !== undefined && error === broken,
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
