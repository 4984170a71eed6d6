import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { HttpError, invalid } from './http-error.js';
import type { Settings } from './settings.js';

/** The body of a `multipart/form-data` request. Its files are in a temporary folder. */
export interface Form {
  readonly texts: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, FormFile>;
}

export interface FormFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

// Far above what the texts of a form and its boundaries need.
const MAX_FORM_OVERHEAD_BYTES = 64 * 1024;

/** Receives the forms of uploads, and keeps their files in a temporary folder until the emulator is closed. */
export class Uploads {
  #folder: Promise<string> | undefined;
  #count = 0;

  constructor(private readonly settings: Settings) {}

  /**
   * Reads a form. It is in memory while it is read: Node's parser takes no stream, and one that does is more to install than the largest
   * upload of a test is worth.
   *
   * @throws HttpError 413 if a file is too large, 422 if the body is no form.
   */
  async receive(request: IncomingMessage): Promise<Form> {
    const { maxUploadBytes } = this.settings;
    const body = await readAtMost(request, maxUploadBytes + MAX_FORM_OVERHEAD_BYTES);
    const headers = { 'content-type': request.headers['content-type'] ?? '' };
    const entries = await new Response(body, { headers }).formData().catch(() => {
      throw invalid(['body'], 'There was an error parsing the body', 'value_error');
    });
    const texts = new Map<string, string>();
    const files = new Map<string, FormFile>();
    for (const [field, value] of entries) {
      if (typeof value === 'string') texts.set(field, value);
      else if (value.size > maxUploadBytes) throw tooLarge(maxUploadBytes);
      else files.set(field, await this.#store(value));
    }
    return { texts, files };
  }

  /** Removes the temporary folder. */
  async close(): Promise<void> {
    if (this.#folder !== undefined) await rm(await this.#folder, { recursive: true, force: true });
  }

  async #store(file: File): Promise<FormFile> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'llamacloud-emulator-'));
    this.#count += 1;
    // The parser of PDFs goes by the name of the file.
    const extension = extname(file.name).toLowerCase() === '.pdf' ? '.pdf' : '';
    const path = join(await this.#folder, `${this.#count}${extension}`);
    await writeFile(path, Readable.fromWeb(file.stream()));
    return { name: file.name, path, sizeBytes: file.size };
  }
}

export function isForm({ headers }: IncomingMessage): boolean {
  return /^multipart\/form-data\b/i.test(headers['content-type'] ?? '');
}

/** Reads the rest of a body that is too large too: a client gets the response only if its request was read. */
async function readAtMost(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > maxBytes) chunks.length = 0;
    else chunks.push(buffer);
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes - MAX_FORM_OVERHEAD_BYTES);
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `the file is too large: at most ${maxBytes} bytes`);
}
