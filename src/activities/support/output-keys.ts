/** The layout of the output store: the key of everything that is written there. A batch has a folder with its id. */
import { createHash } from 'node:crypto';
import { toSafeName } from '../../outputs/index.js';
import type { CollectFormat, CorpusFile } from '../../protocol/index.js';

/** Leaves room for the rest of the name in the 255 bytes that file systems take. */
const MAX_FILE_NAME_BYTES = 200;

const TAG_LENGTH = 12;

const EXTENSIONS = { markdown: 'md', text: 'txt', items: 'json', record: 'json' } as const satisfies Record<
  CollectFormat,
  string
>;

/**
 * The key of a file's document: `<batch id>/<name>.<tag>.<extension>`, such as `bat-.../report.pdf.3f9a0c51b7de.md`.
 *
 * - `name` is the file's name as {@link toSafeName} makes it, or the file's id if the name is not known.
 * - `tag` is the first 12 hex digits of the SHA-256 of the file's id, so that files with the same name stay apart. All
 *   documents of a file have the same tag, whatever its name is in each run.
 *
 * Every attempt and every run that knows the file by the same name writes to the same key.
 */
export function documentKey(
  batchId: string,
  { fileId, name }: { fileId: string; name?: string | null | undefined },
  format: CollectFormat,
): string[] {
  return [batchId, toDocumentName(name || fileId, fileId, format)];
}

/**
 * The key of the document of a file of a corpus: `<output>/<folders>/<name>.<tag>.<extension>`, such as `legal/2026/lease.pdf.3f9a0c51b7de.md`.
 * The tag is of the path, so that files stay apart whose names differ only in what a file system can't hold.
 */
export function corpusDocumentKey({ output, path }: CorpusFile, format: CollectFormat): string[] {
  const names = path.split('/');
  const name = names.pop() ?? '';
  return [...corpusFolder(output), ...cutFolders(names), toDocumentName(name || path, path, format)];
}

/** A key of S3 has 1,024 bytes, of which the prefix, the output folder and the name take up to 650. The tag keeps the files of folders that are cut apart. */
const MAX_FOLDERS_BYTES = 350;

function cutFolders(names: readonly string[]): string[] {
  let bytes = 0;
  const folders: string[] = [];
  for (const name of names.map(toFolderName)) {
    bytes += Buffer.byteLength(name) + 1;
    if (bytes > MAX_FOLDERS_BYTES) break;
    folders.push(name);
  }
  return folders;
}

/** Names of the output folder's own files and folder, and of documents: in a file system a folder would be in their place. `u`: as file systems that ignore case. */
const TAKEN_NAME = /^(manifest\.jsonl|corpus\.json|budget\.json|runs)$|\.[0-9a-f]{12}\.(md|txt|json)$/iu;

function toFolderName(folder: string): string {
  const name = toSafeName(folder);
  return TAKEN_NAME.test(name) ? `${name}_` : name;
}

/** @param id What the tag is of. */
function toDocumentName(name: string, id: string, format: CollectFormat): string {
  // Of UTF-16 if it is not well-formed: in UTF-8 all lone surrogates are the same.
  const tag = createHash('sha256')
    .update(id, id.isWellFormed() ? 'utf8' : 'utf16le')
    .digest('hex')
    .slice(0, TAG_LENGTH);
  return `${toSafeName(name, MAX_FILE_NAME_BYTES)}.${tag}.${EXTENSIONS[format]}`;
}

/** The folder of a corpus in the output store. */
export function corpusFolder(output: string): string[] {
  return output === '' ? [] : output.split('/');
}

/** The key of what one run over a corpus writes, apart from documents and the manifest. */
export function corpusRunKey({ output, runId }: { output: string; runId: string }, name: string): string[] {
  return [...corpusFolder(output), 'runs', runId, name];
}

/** The key of what is noted of a directory that was created for files of a corpus. `name` identifies these. */
export function corpusDirectoryKey({ output }: { output: string }, name: string): string[] {
  return [...corpusFolder(output), 'runs', 'directories', `${name}.json`];
}

/** The folder of what one run writes about a batch, apart from its documents. */
export function runFolder(batchId: string, firstRunId: string): string[] {
  return [batchId, 'runs', firstRunId];
}

/** The folder of a run over many directories. */
export function directoriesFolder(firstRunId: string): string[] {
  return [`directories-${firstRunId}`];
}

/** The key of the manifest in a folder, such as that of a batch. */
export function manifestKey(folder: readonly string[]): string[] {
  return [...folder, 'manifest.jsonl'];
}

/** The key of one part of a manifest, in the folder of its run. */
export function manifestPartKey(folder: readonly string[], part: number): string[] {
  return [...folder, `manifest.part-${String(part).padStart(5, '0')}.jsonl`];
}
