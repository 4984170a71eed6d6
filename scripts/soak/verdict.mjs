// Counts what came out of a soak, from what is on disk, in the emulator and on the server: not from what the run says of
// itself.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sha256 } from './plan.mjs';

export async function verdictOf({ emulator, directory, contents, output, batchId, secrets, kept }) {
  const batches = emulator.batches.list().filter((batch) => batch.directoryId === directory.id);
  const names = (await readdir(output, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name));
  const documents = paths.filter((path) => /\.md$/.test(path));
  const manifest = await readFile(join(output, batchId, 'manifest.jsonl'), 'utf8');
  const lines = manifest
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

  const ids = documents.map((path) => basename(path, '.md'));
  const listed = lines.map((line) => line.fileId);
  let wrong = 0;
  for (const { fileId, output: path, sha256: sum, bytes } of lines) {
    const content = path === null ? '' : await readFile(path).catch(() => Buffer.alloc(0));
    const expected = contents.get(fileId);
    if (
      sha256(content) !== sum ||
      content.length !== bytes ||
      expected === undefined ||
      sha256(expected) !== sum ||
      !ids.includes(fileId)
    )
      wrong += 1;
  }
  const texts = [...kept, ...(await Promise.all(paths.map((path) => readFile(path, 'utf8'))))];
  return {
    'batches created': batches.length,
    'files in': directory.files.length,
    'documents out': new Set(ids).size,
    duplicates: ids.length - new Set(ids).size + (listed.length - new Set(listed).size),
    'manifest lines': lines.length,
    'wrong checksums': wrong,
    'secrets found': texts.filter((text) => secrets.some((secret) => text.includes(secret))).length,
    'unfinished files left': paths.filter((path) => path.endsWith('.tmp')).length,
  };
}

/** What the counts have to be for n files; the last, what killed writers left, may be anything. */
export function expected(files) {
  return {
    'batches created': 1,
    'files in': files,
    'documents out': files,
    duplicates: 0,
    'manifest lines': files,
    'wrong checksums': 0,
    'secrets found': 0,
  };
}
