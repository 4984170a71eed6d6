import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Directory, DirectoryFile, FileSource } from './model.js';
import type { SeededRandom } from './seeded-random.js';

/** A file that exists only in the emulator. */
export interface VirtualFile {
  /** Path inside the directory, with forward slashes. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

export interface AddDirectoryOptions {
  /** Default: `dir-` and a UUID. */
  readonly id?: string;
  /** Default: the folder's own name, or `documents` for virtual files. */
  readonly name?: string;
}

interface Found {
  readonly name: string;
  readonly source: FileSource;
}

/** Lists a folder, or takes virtual files, as a directory of the emulated project. The files are sorted by path. */
export async function makeDirectory(
  source: string | readonly VirtualFile[],
  options: AddDirectoryOptions,
  projectId: string,
  random: SeededRandom,
): Promise<Directory> {
  const found = typeof source === 'string' ? await walk(resolve(source), '') : source.map(virtualFile);
  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = found.map((file, seq): DirectoryFile => ({ id: random.uuid('dfl-'), seq, ...file }));
  return {
    id: options.id ?? random.uuid('dir-'),
    name: options.name ?? (typeof source === 'string' ? basename(resolve(source)) : 'documents'),
    projectId,
    createdAtMs: Date.now(),
    files,
  };
}

function virtualFile({ name, content }: VirtualFile): Found {
  return { name, source: { content: typeof content === 'string' ? Buffer.from(content) : content } };
}

/**
 * Dot-files and dot-folders are left out, and so are folders behind symbolic links: they may lead in a circle. Pipes and
 * devices are left out too, since reading them may never end.
 * A link to a file counts as a file, even a dangling one, so that it shows up as a file that can't be mapped.
 */
async function walk(root: string, inside: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const entry of await readdir(join(root, inside), { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const name = inside === '' ? entry.name : `${inside}/${entry.name}`;
    const path = join(root, name);
    if (entry.isDirectory()) found.push(...(await walk(root, name)));
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFileOrDangling(path))))
      found.push({ name, source: { path } });
  }
  return found;
}

async function isFileOrDangling(path: string): Promise<boolean> {
  return await stat(path).then(
    (info) => info.isFile(),
    () => true,
  );
}
