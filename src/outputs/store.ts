/** Bytes to write: a string (stored as UTF-8), or a stream that is read once. */
export type Content = string | AsyncIterable<Uint8Array>;

/** The chunks of a content. */
export function toChunks(content: Content): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return typeof content === 'string' ? [Buffer.from(content, 'utf8')] : content;
}

export interface WriteOptions {
  /** Of the activity that writes. When it aborts, the write stops, and throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Describes what was written. */
export interface StoredObject {
  /** Where a person finds it: a path, or a URL of the store. */
  location: string;
  bytes: number;
  /** Hex SHA-256 of the content. */
  sha256: string;
}

/**
 * Where documents and manifests go. A key is a list of names: those of the folders, then that of the file. A name may be any string.
 * The store keeps a name that `toSafeName` returns as it is, and replaces any other, so that no key leads out of the store.
 *
 * Failures are `OutputError`s.
 */
export interface OutputStore {
  /** The folder's path, or a URL. */
  readonly root: string;
  /**
   * Checks that the store can be written to and has an id, and removes what killed workers have left, such as temporary files. Call it
   * before a worker starts.
   *
   * @throws OutputError
   */
  check(): Promise<void>;
  /**
   * Reads the id of the store, a UUID that is kept in the store. The first call creates it.
   *
   * A run records the id of its first worker's store. A worker with another store then fails before it writes anything, so that the
   * documents of a run are not spread over two stores.
   *
   * @throws OutputError
   */
  id(): Promise<string>;
  /**
   * Writes atomically, and replaces what is there: readers see the old content or the new one, never a part. An error of the content
   * is thrown unchanged. If the write fails or is aborted, it leaves nothing, and a content that has been read from is closed.
   */
  write(key: readonly string[], content: Content, options?: WriteOptions): Promise<StoredObject>;
  /** The content under a key, or `undefined` if there is none. */
  read(key: readonly string[]): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** The size of the content under a key in bytes, or `undefined` if there is none. */
  size(key: readonly string[]): Promise<number | undefined>;
  /** The location of a key, whether or not anything is there. */
  locate(key: readonly string[]): string;
  /**
   * Removes the content under a key. Does nothing if there is none. Optional: only `processCorpus` with `goneFiles: 'remove'` needs it, and refuses to
   * run without it.
   */
  remove?(key: readonly string[]): Promise<void>;
}
