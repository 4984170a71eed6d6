import { createHash, randomUUID } from 'node:crypto';
import {
  type Content,
  type OutputStore,
  type StoredObject,
  toDistinctName,
  type WriteOptions,
} from 'temporal-llamacloud';

/** Keeps everything in memory: for one worker, until it ends. */
export class MemoryStore implements OutputStore {
  readonly root = 'memory://';
  readonly #id = randomUUID();
  readonly #objects = new Map<string, Buffer>();

  async check(): Promise<void> {}

  async id(): Promise<string> {
    return this.#id;
  }

  async write(key: readonly string[], content: Content, { signal }: WriteOptions = {}): Promise<StoredObject> {
    const location = this.locate(key);
    signal?.throwIfAborted();
    const chunks: Uint8Array[] = [];
    for await (const chunk of typeof content === 'string' ? [Buffer.from(content)] : content) {
      signal?.throwIfAborted();
      chunks.push(chunk);
    }
    signal?.throwIfAborted();
    const object = Buffer.concat(chunks);
    this.#objects.set(location, object);
    return { location, bytes: object.byteLength, sha256: createHash('sha256').update(object).digest('hex') };
  }

  async read(key: readonly string[]): Promise<AsyncIterable<Uint8Array> | undefined> {
    const object = this.#objects.get(this.locate(key));
    return object === undefined ? undefined : toStream(object);
  }

  async size(key: readonly string[]): Promise<number | undefined> {
    return this.#objects.get(this.locate(key))?.byteLength;
  }

  locate(key: readonly string[]): string {
    if (key.length === 0) throw new TypeError('a key needs at least one name');
    return this.root + key.map(toDistinctName).join('/');
  }
}

async function* toStream(object: Buffer): AsyncGenerator<Uint8Array> {
  yield object;
}
