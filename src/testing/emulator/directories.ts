import { basename, join, resolve } from 'node:path';
import { HttpError } from './http-error.js';
import type { Directory, DirectoryFile, DirectoryType, FileSource } from './model.js';
import type { SeededRandom } from './seeded-random.js';
import type { Settings } from './settings.js';
import { walkFolder } from './walk-folder.js';

/** A file in memory. */
export interface VirtualFile {
  /** Path inside the directory, with forward slashes. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

export interface AddDirectoryOptions {
  /** Id of the directory. Default: `dir-` and a UUID. */
  readonly id?: string;
  /** Name of the directory. Default: the folder's name, or `documents` for files in memory. */
  readonly name?: string;
}

interface ListedFile {
  readonly name: string;
  readonly source: FileSource;
}

/** A file that a request adds to a directory. */
export interface NewFile {
  readonly uniqueId: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly source: FileSource;
}

/** The directories of the emulated project, with those that were deleted. */
export class Directories {
  readonly #directories = new Map<string, Directory>();

  constructor(
    private readonly settings: Settings,
    private readonly random: SeededRandom,
  ) {}

  /** Every directory, oldest first. */
  all(): readonly Directory[] {
    return [...this.#directories.values()];
  }

  /** A directory, also a deleted one. */
  get(id: string): Directory | undefined {
    return this.#directories.get(id);
  }

  /** A directory that is neither deleted nor expired; throws the 404 otherwise. */
  find(id: string): Directory {
    const directory = this.#directories.get(id);
    if (directory === undefined || isGone(directory)) throw new HttpError(404, `directory ${id} not found`);
    return directory;
  }

  /** Adds a folder or files in memory. The files are sorted by path. */
  async add(
    source: string | readonly VirtualFile[],
    options: AddDirectoryOptions,
    projectId: string,
  ): Promise<Directory> {
    const listed = typeof source === 'string' ? await listFolder(resolve(source)) : source.map(toListedFile);
    listed.sort((a, b) => (a.name < b.name ? -1 : 1));
    const name = options.name ?? (typeof source === 'string' ? basename(resolve(source)) : 'documents');
    const directory = this.create({ name, description: null, type: 'user', projectId }, options.id);
    for (const file of listed) this.#append(directory, { ...file, uniqueId: file.name, metadata: {} }, null);
    return directory;
  }

  create(
    request: Pick<Directory, 'name' | 'description' | 'projectId'> & { readonly type: DirectoryType },
    id = this.random.uuid('dir-'),
  ): Directory {
    const createdAtMs = Date.now();
    const directory: Directory = {
      ...request,
      seq: this.#directories.size,
      id,
      createdAtMs,
      expiresAtMs: request.type === 'ephemeral' ? createdAtMs + this.settings.ephemeralDirectoryMs : null,
      deletedAtMs: null,
      files: [],
    };
    this.#directories.set(id, directory);
    return directory;
  }

  /** Adds an uploaded file. What a `unique_id` that is there already gets is an option, since the API does not say it. */
  upload(directory: Directory, file: NewFile): DirectoryFile {
    const existing = presentFiles(directory).find(({ uniqueId }) => uniqueId === file.uniqueId);
    if (existing !== undefined && this.settings.duplicateUploads === 'reject') {
      throw new HttpError(409, `the directory has a file with the unique_id ${JSON.stringify(file.uniqueId)}`);
    }
    if (existing !== undefined && this.settings.duplicateUploads === 'return-existing') return existing;
    return this.#append(directory, file, this.random.uuid('', 'file'));
  }

  /** Deletes files, or none of them: throws the 404 if one of them is not there. */
  deleteFiles(directory: Directory, ids: readonly string[]): void {
    const present = new Map(presentFiles(directory).map((file) => [file.id, file]));
    const missing = ids.filter((id) => !present.has(id));
    if (missing.length > 0) throw new HttpError(404, `files not found in the directory: ${missing.join(', ')}`);
    for (const id of ids) {
      const file = present.get(id);
      if (file !== undefined) file.deletedAtMs = Date.now();
    }
  }

  #append(directory: Directory, file: NewFile, fileId: string | null): DirectoryFile {
    const added: DirectoryFile = {
      ...file,
      id: this.random.uuid('dfl-'),
      fileId,
      seq: directory.files.length,
      createdAtMs: Date.now(),
      deletedAtMs: null,
    };
    directory.files.push(added);
    return added;
  }
}

/** The files of a directory that are not deleted. */
export function presentFiles(directory: Directory): readonly DirectoryFile[] {
  return directory.files.filter(({ deletedAtMs }) => deletedAtMs === null);
}

/** Whether a directory is deleted or expired. */
export function isGone({ deletedAtMs, expiresAtMs }: Directory): boolean {
  return deletedAtMs !== null || (expiresAtMs !== null && expiresAtMs <= Date.now());
}

function toListedFile({ name, content }: VirtualFile): ListedFile {
  return { name, source: { content: typeof content === 'string' ? Buffer.from(content) : content } };
}

async function listFolder(folder: string): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  for await (const { path, leftOut } of walkFolder(folder)) {
    if (leftOut === null) files.push({ name: path, source: { path: join(folder, path) } });
  }
  return files;
}
