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
 * A write replaces what was there, and is seen whole or not at all. Failures are {@link OutputError}s; an error of the
 * stream that is written passes as it is.
 */
export interface OutputStore {
  /** A directory's path, or a URL. */
  readonly root: string;
  /** Can it be written to? Asked before a worker starts. @throws OutputError */
  check(): Promise<void>;
  write(key: readonly string[], content: Content): Promise<StoredObject>;
  /** The content under a key, or `undefined` where there is none. */
  read(key: readonly string[]): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Bytes under a key, or `undefined` where there is nothing. */
  size(key: readonly string[]): Promise<number | undefined>;
  /** Where the object under a key is, or would be. */
  locate(key: readonly string[]): string;
}

/** The output store failed: full, read-only, gone. */
export class OutputError extends Error {
  override readonly name = 'OutputError';

  constructor(what: string, location: string, cause: unknown) {
    super(`Could not ${what} ${location}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
