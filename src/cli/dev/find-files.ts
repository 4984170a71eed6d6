import { type LeftOutReason, walkFolder } from '../../testing/emulator/walk-folder.js';

export interface FoundFiles {
  count: number;
  hasPdf: boolean;
  /** Paths relative to the folder. */
  readonly leftOut: { readonly path: string; readonly reason: LeftOutReason }[];
}

/**
 * Counts the files that the emulator takes from a folder and its sub-folders.
 *
 * @param maxCount The search stops at the first file above this.
 */
export async function findFiles(folder: string, maxCount: number): Promise<FoundFiles> {
  const found: FoundFiles = { count: 0, hasPdf: false, leftOut: [] };
  for await (const { path, leftOut } of walkFolder(folder)) {
    if (leftOut !== null) {
      found.leftOut.push({ path, reason: leftOut });
      continue;
    }
    found.hasPdf ||= path.toLowerCase().endsWith('.pdf');
    if (++found.count > maxCount) break;
  }
  return found;
}
