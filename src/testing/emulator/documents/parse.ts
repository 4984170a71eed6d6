import { open, readFile, stat } from 'node:fs/promises';
import type { DirectoryFile } from '../model.js';
import { decodeText } from './decode.js';
import { DocumentError, type ParsedDocument } from './parsed.js';
import type { PdfParser } from './pdf.js';

const PDF_SIGNATURE_WITHIN_BYTES = 1024;
// A text file has no pages; it becomes one page of US letter size, in points.
const TEXT_PAGE = { width: 612, height: 792 };

/** Parses a file. Throws {@link DocumentError} with a message that says why it can't be parsed. */
export async function parseFile(file: DirectoryFile, pdf: PdfParser): Promise<ParsedDocument> {
  try {
    if (!('path' in file.source)) return await parseContent(file.name, file.source.content, pdf);
    const { path } = file.source;
    if ((await stat(path)).size === 0) throw emptyFile();
    if (!isPdf(file.name, await readStart(path))) return parseText(file.name, await readFile(path));
    // By path if the name ends in .pdf: the parser's process then reads the file itself.
    return await pdf.parse(isPdfName(path) ? path : await readFile(path));
  } catch (error) {
    if (error instanceof DocumentError) throw error;
    throw new DocumentError(`${file.name} can't be read: ${errorText(error)}`, { cause: error });
  }
}

/** Why a file can't be opened for reading, or null when it can. */
export async function unreadableReason(file: DirectoryFile): Promise<string | null> {
  if (!('path' in file.source)) return null;
  try {
    const handle = await open(file.source.path, 'r');
    const info = await handle.stat().finally(() => handle.close());
    return info.isFile() ? null : `${file.name} is not a regular file`;
  } catch (error) {
    return `${file.name} can't be read: ${errorText(error)}`;
  }
}

async function parseContent(name: string, content: Uint8Array, pdf: PdfParser): Promise<ParsedDocument> {
  if (content.length === 0) throw emptyFile();
  const start = content.subarray(0, PDF_SIGNATURE_WITHIN_BYTES);
  return isPdf(name, start) ? await pdf.parse(content) : parseText(name, content);
}

function parseText(name: string, bytes: Uint8Array): ParsedDocument {
  const text = decodeText(bytes, name);
  return { pages: [{ markdown: text, text, ...TEXT_PAGE }] };
}

function emptyFile(): DocumentError {
  return new DocumentError('the file is empty (0 bytes)');
}

/** Decides by the content. Throws if only the name says PDF. */
function isPdf(name: string, start: Uint8Array): boolean {
  if (Buffer.from(start).includes('%PDF')) return true;
  if (isPdfName(name))
    throw new DocumentError(`it is no PDF: its first ${PDF_SIGNATURE_WITHIN_BYTES} bytes have no %PDF`);
  return false;
}

function isPdfName(name: string): boolean {
  return name.toLowerCase().endsWith('.pdf');
}

async function readStart(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(PDF_SIGNATURE_WITHIN_BYTES), position: 0 });
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The system's message without the path: `ENOENT: no such file or directory`. */
function errorText(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, [a-z]+(?: '.*')?$/s, '') : String(error);
}
