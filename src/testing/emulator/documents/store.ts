import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ParsedDocument } from './parsed.js';
import { type DocumentRecord, extractRecord } from './record.js';
import { type ResultType, renderResult, resultBytes } from './render.js';

const MAX_MEMORY_DOCUMENT_CHARACTERS = 128 * 1024;
const MAX_MEMORY_CHARACTERS = 32 * 1024 * 1024;

/** Keeps parsed documents: small ones in memory up to a limit, the others in a temporary folder. */
export class DocumentStore {
  #folder: Promise<string> | undefined;
  #memoryCharacters = 0;

  async add(id: string, fileName: string, document: ParsedDocument): Promise<StoredDocument> {
    const record = extractRecord(document, fileName);
    const characters = document.pages.reduce((sum, page) => sum + page.markdown.length + page.text.length, 0);
    if (characters <= MAX_MEMORY_DOCUMENT_CHARACTERS && this.#memoryCharacters + characters <= MAX_MEMORY_CHARACTERS) {
      this.#memoryCharacters += characters;
      return new MemoryDocument(record, document);
    }
    this.#folder ??= mkdtemp(join(tmpdir(), 'llamacloud-emulator-'));
    const path = join(await this.#folder, id);
    await writeFile(path, JSON.stringify(document));
    return new DiskDocument(record, path);
  }

  /** Removes the temporary folder. */
  async close(): Promise<void> {
    if (this.#folder !== undefined) await rm(await this.#folder, { recursive: true, force: true });
  }
}

/** A parsed document, in memory or on disk. */
export interface StoredDocument {
  readonly record: DocumentRecord;
  /** A form as the API sends it. */
  value(type: ResultType): Promise<unknown>;
  /** Size of the download of a form, in bytes. */
  size(type: ResultType): Promise<number>;
  /** The download of a form. */
  download(type: ResultType): Promise<Buffer | { readonly path: string; readonly size: number }>;
}

class MemoryDocument implements StoredDocument {
  constructor(
    readonly record: DocumentRecord,
    private readonly document: ParsedDocument,
  ) {}

  async value(type: ResultType): Promise<unknown> {
    return renderResult(this.document, type);
  }

  async size(type: ResultType): Promise<number> {
    return (await this.download(type)).length;
  }

  async download(type: ResultType): Promise<Buffer> {
    return resultBytes(renderResult(this.document, type));
  }
}

class DiskDocument implements StoredDocument {
  readonly #files = new Map<ResultType, Promise<{ path: string; size: number }>>();

  constructor(
    readonly record: DocumentRecord,
    private readonly path: string,
  ) {}

  async value(type: ResultType): Promise<unknown> {
    const document: ParsedDocument = JSON.parse(await readFile(this.path, 'utf8'));
    return renderResult(document, type);
  }

  async size(type: ResultType): Promise<number> {
    return (await this.download(type)).size;
  }

  /** Renders each form once, on first use, into a file of its own. */
  download(type: ResultType): Promise<{ path: string; size: number }> {
    const rendered = this.#files.get(type);
    if (rendered !== undefined) return rendered;
    const file = this.#render(type);
    this.#files.set(type, file);
    return file;
  }

  async #render(type: ResultType): Promise<{ path: string; size: number }> {
    const bytes = resultBytes(await this.value(type));
    const path = `${this.path}.${type}`;
    await writeFile(path, bytes);
    return { path, size: bytes.length };
  }
}
