import { basename, join, resolve } from 'node:path';
import type { Directory, DirectoryFile, FileSource } from './model.js';
import type { SeededRandom } from './seeded-random.js';
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

/** Makes a directory of the emulated project from a folder or from files in memory. Its files are sorted by path. */
export async function makeDirectory(
  source: string | readonly VirtualFile[],
  options: AddDirectoryOptions,
  projectId: string,
  random: SeededRandom,
): Promise<Directory> {
  const listed = typeof source === 'string' ? await listFolder(resolve(source)) : source.map(toListedFile);
  listed.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = listed.map((file, seq): DirectoryFile => ({ id: random.uuid('dfl-'), seq, ...file }));
  return {
    id: options.id ?? random.uuid('dir-'),
    name: options.name ?? (typeof source === 'string' ? basename(resolve(source)) : 'documents'),
    projectId,
    createdAtMs: Date.now(),
    files,
  };
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
