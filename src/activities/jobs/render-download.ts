import { z } from 'zod';
import type { DocumentPage } from '../../llamacloud/index.js';
import type { CollectFormat } from '../../protocol/index.js';
import { ResultMissing } from '../support/result-missing.js';
import { hasNoPages, PageReader } from './page-reader.js';
import { PAGE_SEPARATOR, renderPage, type TextFormat } from './render-pages.js';

/** A page has some kilobytes. A limit on memory: a worker downloads many documents at a time. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

const pageSchema = z.object({
  page_number: z.number().optional().catch(undefined),
  success: z.boolean().optional().catch(undefined),
  markdown: z.string().optional().catch(undefined),
  text: z.string().optional().catch(undefined),
  error: z.string().optional().catch(undefined),
});

/**
 * Turns a download into the document, as a stream. LlamaCloud does not document what is behind a presigned URL: JSON in the form of
 * an inline result becomes the text of its pages, and anything else is stored as it is.
 */
export async function* renderDownload(
  content: AsyncIterable<Uint8Array>,
  format: CollectFormat,
): AsyncGenerator<Uint8Array> {
  if (format !== 'markdown' && format !== 'text') {
    yield* content;
    return;
  }
  const renderer = new DownloadRenderer(format);
  for await (const chunk of content) yield* renderer.write(chunk);
  yield* renderer.end();
}

/** Buffers the chunks until the first page, or its absence, shows whether they are JSON with pages. */
class DownloadRenderer {
  readonly #format: TextFormat;
  readonly #reader = new PageReader();
  #kind: 'undecided' | 'pages' | 'document' = 'undecided';
  #buffer: Uint8Array[] = [];
  #bytesSincePage = 0;
  #pageCount = 0;

  constructor(format: TextFormat) {
    this.#format = format;
  }

  *write(chunk: Uint8Array): Generator<Uint8Array> {
    if (this.#kind === 'document') {
      yield chunk;
      return;
    }
    if (this.#kind === 'undecided') this.#buffer.push(chunk);
    const pages = this.#reader.write(chunk);
    this.#bytesSincePage = pages.length > 0 ? 0 : this.#bytesSincePage + chunk.byteLength;
    if (this.#kind === 'undecided') {
      const [first] = pages;
      if (this.#describeProblem() !== undefined) yield* this.#flushBuffer();
      else if (first !== undefined && !isPageOf(first, this.#format)) yield* this.#flushBuffer();
      else if (first !== undefined) {
        this.#kind = 'pages';
        this.#buffer = [];
      }
    }
    if (this.#kind === 'pages') yield* this.#render(pages);
  }

  *end(): Generator<Uint8Array> {
    if (this.#kind === 'pages' && !this.#reader.hasEnded) this.#fail('it ends too early');
    if (this.#kind === 'undecided' && !hasNoPages(Buffer.concat(this.#buffer))) yield* this.#flushBuffer();
  }

  *#render(pages: readonly unknown[]): Generator<Uint8Array> {
    for (const page of pages) {
      const separator = this.#pageCount === 0 ? '' : PAGE_SEPARATOR;
      const bytes = Buffer.from(separator + renderPage(toPage(page), this.#format));
      this.#pageCount++;
      if (bytes.length > 0) yield bytes;
    }
    const problem = this.#describeProblem();
    if (problem !== undefined) this.#fail(problem);
  }

  *#flushBuffer(): Generator<Uint8Array> {
    this.#kind = 'document';
    yield* this.#buffer;
    this.#buffer = [];
  }

  #describeProblem(): string | undefined {
    if (this.#reader.error !== undefined) return 'it is not JSON';
    return this.#bytesSincePage > MAX_PAGE_BYTES
      ? `no page ends within ${MAX_PAGE_BYTES / 1024 / 1024} MiB`
      : undefined;
  }

  /** The text of some pages has been written already, so the rest can't be stored as it is. */
  #fail(problem: string): never {
    throw new ResultMissing(`its downloaded document can't be read after ${this.#pageCount} pages: ${problem}`);
  }
}

function isPageOf(value: unknown, format: TextFormat): boolean {
  const page = pageSchema.safeParse(value).data;
  return page !== undefined && (page[format] !== undefined || page.success === false || page.page_number !== undefined);
}

function toPage(value: unknown): DocumentPage {
  return pageSchema.safeParse(value).data ?? {};
}
