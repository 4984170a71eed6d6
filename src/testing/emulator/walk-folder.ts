import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Why an entry of a folder is not served as a file. */
export type LeftOutReason = 'hidden' | 'linked folder' | 'not a file';

export interface FolderEntry {
  /** Path relative to the folder, with forward slashes. */
  readonly path: string;
  /** `null` for a file. */
  readonly leftOut: LeftOutReason | null;
}

/**
 * Lists the files in a folder and its sub-folders, sorted by name in each folder. Left out are hidden files and folders; links to
 * folders, which may form a circle; and pipes and devices, which may never end. A link to a file counts as a file. So does a
 * dangling one: it becomes a file that can't be mapped.
 *
 * @param subfolder Path below `folder`. Default: all of it.
 */
export async function* walkFolder(folder: string, subfolder = ''): AsyncGenerator<FolderEntry> {
  const entries = await readdir(join(folder, subfolder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = subfolder === '' ? entry.name : `${subfolder}/${entry.name}`;
    if (entry.name.startsWith('.')) yield { path, leftOut: 'hidden' };
    else if (entry.isDirectory()) yield* walkFolder(folder, path);
    else if (entry.isSymbolicLink()) yield { path, leftOut: await checkLink(join(folder, path)) };
    else yield { path, leftOut: entry.isFile() ? null : 'not a file' };
  }
}

async function checkLink(path: string): Promise<LeftOutReason | null> {
  const target = await stat(path).catch(() => undefined);
  if (target === undefined || target.isFile()) return null;
  return target.isDirectory() ? 'linked folder' : 'not a file';
}
