/** A file of a source that can be read. */
export interface SourceFile {
  /**
   * Path below the root, with `/` between its names. A byte that is not UTF-8 is a lone surrogate, U+DC80 to U+DCFF, as in Python's
   * `surrogateescape`: two different names are never the same text.
   */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Changes whenever the content does, such as times or an ETag. It may also change when the content does not. */
  readonly changeToken: string;
}

/** What is there and is no file that can be read: a link, a pipe, or a folder whose files are not known. */
export interface UnreadableEntry {
  /** The path of a folder ends with `/`: everything below it is unknown. */
  readonly path: string;
  /** Why, such as `it is a symbolic link`. */
  readonly problem: string;
  /** Whether another attempt may succeed. False: it is no file. */
  readonly mayPass: boolean;
}

export type SourceEntry = SourceFile | UnreadableEntry;

export function isUnreadable(entry: SourceEntry): entry is UnreadableEntry {
  return 'problem' in entry;
}

/** A file that is open. */
export interface OpenedSourceFile {
  /** As it is now: the file may have changed since it was listed. */
  readonly size: number;
  readonly changeToken: string;
  /**
   * Read it to its end, or close it: an unread one keeps the file open. Throws {@link SourceFileError} at the end if the file has changed
   * while it was read.
   */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface ListOptions {
  /** Only what comes after this path, and each folder that can't be read and has this path in it. Default: everything. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where the files of a corpus come from. */
export interface CorpusSource {
  /** A path, or a URL without secrets. The same text for the same source. */
  readonly location: string;
  /**
   * Lists the files of the source and of the folders below, ordered by path, byte by byte: see `comparePaths`. Each entry is requested when it
   * is read, so that a list of any length takes little memory.
   *
   * @throws SourceError if the list can't be read. One folder that can't be read is an entry.
   */
  list(options?: ListOptions): AsyncIterable<SourceEntry>;
  /**
   * Identifies what is at the location, the same on every machine: another one if a volume was unmounted, or if another folder is in its place.
   * Optional.
   *
   * @throws SourceError if nothing is there.
   */
  id?(): Promise<string>;
  /**
   * Opens a file that was listed.
   *
   * @throws SourceFileError if this file can't be read, SourceError if the source can't.
   */
  open(path: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<OpenedSourceFile>;
}
