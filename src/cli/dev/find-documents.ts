import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Why something in a folder is no document. */
export type LeftOutReason = 'hidden' | 'linked folder' | 'not a file';

export interface FoundDocuments {
  count: number;
  /** Paths relative to the folder. */
  readonly leftOut: { readonly path: string; readonly reason: LeftOutReason }[];
}

/**
 * Counts the documents in a folder and its sub-folders, by the rules of the emulator: hidden files and folders are left out,
 * linked folders (which may lead in a circle), and pipes and devices (which may never end). A link that leads nowhere is counted: it
 * becomes a failed file.
 *
 * @param maxCount The search stops at the first document above this.
 */
export async function findDocuments(folder: string, maxCount: number): Promise<FoundDocuments> {
  const found: FoundDocuments = { count: 0, leftOut: [] };
  await search(folder, '', maxCount, found);
  return found;
}

async function search(folder: string, inside: string, maxCount: number, found: FoundDocuments): Promise<void> {
  const entries = await readdir(join(folder, inside), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (found.count > maxCount) return;
    const path = join(inside, entry.name);
    if (entry.name.startsWith('.')) {
      found.leftOut.push({ path, reason: 'hidden' });
    } else if (entry.isDirectory()) {
      await search(folder, path, maxCount, found);
    } else {
      const reason = entry.isSymbolicLink()
        ? await checkLink(join(folder, path))
        : entry.isFile()
          ? null
          : 'not a file';
      if (reason === null) found.count += 1;
      else found.leftOut.push({ path, reason });
    }
  }
}

async function checkLink(path: string): Promise<LeftOutReason | null> {
  const target = await stat(path).catch(() => undefined);
  if (target === undefined || target.isFile()) return null;
  return target.isDirectory() ? 'linked folder' : 'not a file';
}
