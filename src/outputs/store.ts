/** Bytes to write: a string (stored as UTF-8), or a stream that is read once. */
export type Content = string | AsyncIterable<Uint8Array>;

/** What was written, and where a person finds it. */
export interface StoredObject {
  /** A path, or a URL of the store. */
  location: string;
  bytes: number;
  /** Hex SHA-256 of the content. */
  sha256: string;
}

/**
 * Where documents and manifests go. A key is a list of names, the last of which is the file's: names may be any string,
 * and the store sees to it that none of them leaves its root.
 *
 * Failures are `OutputError`s.
 */
export interface OutputStore {
  /** A directory's path, or a URL. */
  readonly root: string;
  /** Can it be written to? Called when a worker starts. @throws OutputError */
  check(): Promise<void>;
  /**
   * Names the store: a UUID that is the same for every worker that shares the store, and another for another store. Created
   * when it is first asked for, and read from the store each time.
   *
   * A run records the id of the store that its first worker writes to. A worker whose output is another store notices
   * before it collects anything, instead of writing half of the documents where nobody looks for them.
   *
   * @throws OutputError
   */
  id(): Promise<string>;
  /**
   * Replaces what was there. Readers see the old content or the new one, never a part. An error of the content is thrown as
   * it is. If the write fails, content whose reading has begun is closed; otherwise reading has not begun.
   */
  write(key: readonly string[], content: Content): Promise<StoredObject>;
  /** The content under a key, or `undefined` where there is none. */
  read(key: readonly string[]): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Bytes under a key, or `undefined` where there is nothing. */
  size(key: readonly string[]): Promise<number | undefined>;
  /** Where the object under a key is, or would be. */
  locate(key: readonly string[]): string;
}
