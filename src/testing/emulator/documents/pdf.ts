import type { LiteParse } from '@llamaindex/liteparse';
import { DocumentError, type ParsedDocument } from './parsed.js';

const PARSE_TIMEOUT_MS = 10 * 60 * 1000;

/**
 * Parses PDFs with the vendor's open-source parser, OCR off (OCR would download a model).
 * Its worker processes keep the native code out of this one, so no document can crash or block the server.
 */
export class PdfParser {
  #parser: Promise<LiteParse> | undefined;

  constructor(private readonly workers: number) {}

  /** Parses a PDF given by path or content. Throws {@link DocumentError} when it can't be read. */
  async parse(source: string | Uint8Array): Promise<ParsedDocument> {
    this.#parser ??= createParser(this.workers);
    const parser = await this.#parser;
    try {
      const { pages } = await parser.parse(source);
      return {
        pages: pages.map(({ markdown, text, width, height }) => ({ markdown, text, width, height })),
      };
    } catch (error) {
      throw new DocumentError(`the PDF can't be read: ${reason(error)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    const parser = await this.#parser?.catch(() => undefined);
    parser?.close();
  }
}

async function createParser(workers: number): Promise<LiteParse> {
  const library = await import('@llamaindex/liteparse').catch((cause: unknown) => {
    throw new DocumentError('no PDF parser: install it with `npm install @llamaindex/liteparse`', { cause });
  });
  return new library.LiteParse({
    ocrEnabled: false,
    outputFormat: 'markdown',
    keepHeadersFooters: true,
    maxPages: 100_000,
    quiet: true,
    poolSize: workers,
    parseTimeoutMs: PARSE_TIMEOUT_MS,
  });
}

/** The parser's own reason, without the worker's and without the path of the file on this machine. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^liteparse worker process died while parsing .*?: (?=\S)/s, '').replace(/^PDF error: /, '');
}
