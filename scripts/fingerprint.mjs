// A hash of everything that a build reads. scripts/prepare.mjs uses it to decide whether dist is up to date. It hashes contents, because
// a checkout or a copy changes modification times.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file in dist that holds the fingerprint; a build writes it last. */
export const FINGERPRINT_FILE = '.fingerprint';

const INPUT_FILES = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
const INPUT_FOLDERS = ['src', 'scripts'];

/** The fingerprint of everything that a build of `root` reads, as hex. */
export function fingerprint(root) {
  const hash = createHash('sha256');
  for (const path of [...INPUT_FILES, ...INPUT_FOLDERS.flatMap((folder) => filesUnder(root, folder))]) {
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesUnder(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesUnder(root, path) : [path];
    });
}
