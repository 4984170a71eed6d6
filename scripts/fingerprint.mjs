// What a build was made from, so that scripts/prepare.mjs can tell whether dist is up to date. Contents are compared, not
// times: a checkout, a copy or a deleted file changes times in ways that mislead.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Beside the compiled files; a build writes it last. */
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
