import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Step by step: Node's own `recursive` never returns where the system refuses with ENOENT, as below /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    // Another writer may have made it in the meantime.
    await mkdir(path).catch((again: unknown) => {
      if (!(again instanceof Error && 'code' in again && again.code === 'EEXIST')) throw again;
    });
  }
}
