import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { DocumentError, type ParsedDocument } from './parsed.js';
import { PdfWorker } from './pdf-worker.js';

/** The vendor's open-source parser. With OCR off it downloads no model. An optional peer: it is large, and only the emulator needs it. */
export const PARSER_PACKAGE = '@llamaindex/liteparse';

export function isParserInstalled(): boolean {
  return findParser(PARSER_PACKAGE) !== undefined;
}

/** A pool of parser processes, which start on demand. */
export class PdfParser {
  readonly #all = new Set<PdfWorker>();
  readonly #idle: PdfWorker[] = [];

  constructor(private readonly packageName: string = PARSER_PACKAGE) {}

  /** Parses a PDF given by path or content. Throws {@link DocumentError} when it can't be read. */
  async parse(source: string | Uint8Array): Promise<ParsedDocument> {
    const worker = this.#take();
    try {
      return await worker.parse(source);
    } finally {
      if (worker.isAlive) this.#idle.push(worker);
      else this.#all.delete(worker);
    }
  }

  /** Kills the processes, even those that parse. */
  close(): void {
    for (const worker of this.#all) worker.kill();
  }

  #take(): PdfWorker {
    for (let worker = this.#idle.pop(); worker !== undefined; worker = this.#idle.pop()) {
      if (worker.isAlive) return worker;
      this.#all.delete(worker);
    }
    const parser = findParser(this.packageName);
    if (parser === undefined) {
      throw new DocumentError(`no PDF parser is installed: run \`npm install --save-dev ${this.packageName}\``);
    }
    const worker = new PdfWorker(parser);
    this.#all.add(worker);
    return worker;
  }
}

/** URL of the parser's module, or `undefined` if it is not installed. */
function findParser(packageName: string): string | undefined {
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve(packageName)).href;
  } catch {
    return undefined;
  }
}
