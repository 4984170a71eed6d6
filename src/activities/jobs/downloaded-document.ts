import { z } from 'zod';
import type { ResultPage } from '../../llamacloud/index.js';
import type { CollectFormat } from '../../protocol/index.js';
import { ResultMissing } from '../support/result-missing.js';
import { isWithoutPages, PageReader } from './page-reader.js';
import { PAGE_SEPARATOR, renderPage, type TextFormat } from './render-pages.js';

/** A page is some kilobytes. What is larger is not collected in memory: many documents are downloaded at the same time. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

const pageSchema = z.object({
  page_number: z.number().optional().catch(undefined),
  success: z.boolean().optional().catch(undefined),
  markdown: z.string().optional().catch(undefined),
  text: z.string().optional().catch(undefined),
  error: z.string().optional().catch(undefined),
});

/**
 * Turns a downloaded result into the document. What is behind a presigned URL is not published: JSON with pages, the shape
 * that inline results have, becomes the text of its pages; anything else is the document already. Both are streamed.
 */
export async function* downloadedDocument(
  content: AsyncIterable<Uint8Array>,
  format: CollectFormat,
): AsyncGenerator<Uint8Array> {
  if (format !== 'markdown' && format !== 'text') {
    yield* content;
    return;
  }
  const renderer = new DocumentRenderer(format);
  for await (const chunk of content) yield* renderer.write(chunk);
  yield* renderer.end();
}

/** Holds chunks back until it is known whether they are pages in JSON, which the first page tells. */
class DocumentRenderer {
  readonly #format: TextFormat;
  readonly #reader = new PageReader();
  #kind: 'unknown' | 'pages' | 'document' = 'unknown';
  #held: Uint8Array[] = [];
  #bytesSincePage = 0;
  #pages = 0;

  constructor(format: TextFormat) {
    this.#format = format;
  }

  *write(chunk: Uint8Array): Generator<Uint8Array> {
    if (this.#kind === 'document') {
      yield chunk;
      return;
    }
    if (this.#kind === 'unknown') this.#held.push(chunk);
    const pages = this.#reader.write(chunk);
    this.#bytesSincePage = pages.length > 0 ? 0 : this.#bytesSincePage + chunk.byteLength;
    if (this.#kind === 'unknown') {
      const [first] = pages;
      if (this.#problem() !== undefined) yield* this.#release();
      else if (first !== undefined && !isPageOf(first, this.#format)) yield* this.#release();
      else if (first !== undefined) {
        this.#kind = 'pages';
        this.#held = [];
      }
    }
    if (this.#kind === 'pages') yield* this.#render(pages);
  }

  *end(): Generator<Uint8Array> {
    if (this.#kind === 'pages' && !this.#reader.hasEnded) this.#fail('it ends too early');
    if (this.#kind === 'unknown' && !isWithoutPages(Buffer.concat(this.#held))) yield* this.#release();
  }

  *#render(pages: readonly unknown[]): Generator<Uint8Array> {
    for (const page of pages) {
      const separator = this.#pages === 0 ? '' : PAGE_SEPARATOR;
      const bytes = Buffer.from(separator + renderPage(toPage(page), this.#format));
      this.#pages++;
      if (bytes.length > 0) yield bytes;
    }
    const problem = this.#problem();
    if (problem !== undefined) this.#fail(problem);
  }

  *#release(): Generator<Uint8Array> {
    this.#kind = 'document';
    yield* this.#held;
    this.#held = [];
  }

  #problem(): string | undefined {
    if (this.#reader.error !== undefined) return 'it is not JSON';
    return this.#bytesSincePage > MAX_PAGE_BYTES
      ? `no page ends within ${MAX_PAGE_BYTES / 1024 / 1024} MiB`
      : undefined;
  }

  /** Pages were passed on already, so that the rest can no longer be taken as it is. */
  #fail(problem: string): never {
    throw new ResultMissing(`its downloaded document can't be read after ${this.#pages} pages: ${problem}`);
  }
}

function isPageOf(value: unknown, format: TextFormat): boolean {
  const page = pageSchema.safeParse(value).data;
  return page !== undefined && (page[format] !== undefined || page.success === false);
}

function toPage(value: unknown): ResultPage {
  return pageSchema.safeParse(value).data ?? {};
}
