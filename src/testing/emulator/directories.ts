import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Directory, DirectoryFile, FileSource } from './model.js';
import type { SeededRandom } from './seeded-random.js';

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
  const listed = typeof source === 'string' ? await listFolder(resolve(source), '') : source.map(toListedFile);
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

/**
 * Leaves out dot-files and dot-folders; symbolic links to folders, which may form a circle; and pipes and devices, which
 * may never end. A symbolic link to a file counts as a file. So does a dangling one: it becomes a file that can't be mapped.
 */
async function listFolder(root: string, subfolder: string): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  for (const entry of await readdir(join(root, subfolder), { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const name = subfolder === '' ? entry.name : `${subfolder}/${entry.name}`;
    const path = join(root, name);
    if (entry.isDirectory()) files.push(...(await listFolder(root, name)));
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFileOrDangling(path))))
      files.push({ name, source: { path } });
  }
  return files;
}

async function isFileOrDangling(path: string): Promise<boolean> {
  return await stat(path).then(
    (info) => info.isFile(),
    () => true,
  );
}
