import { JSONParser } from '@streamparser/json';
import { z } from 'zod';

/** Parses a JSON text as it arrives, and returns the elements of its `pages` array. Memory is bounded by one element. */
export class PageReader {
  readonly #decoder = new TextDecoder();
  // `keepStack: false` frees every value of the second level once it is parsed, even those that are not pages.
  readonly #parser = new JSONParser({ paths: ['$.*.*'], keepStack: false, stringBufferSize: 64 * 1024 });
  #pages: unknown[] = [];
  #hasStarted = false;
  #hasEnded = false;
  #error: Error | undefined;

  constructor() {
    this.#parser.onValue = ({ value, key, stack }) => {
      if (typeof key === 'number' && stack[1]?.key === 'pages') this.#pages.push(value);
    };
    // The parser takes no more input after an error.
    this.#parser.onError = (error) => {
      this.#error ??= error;
    };
    this.#parser.onEnd = () => {
      this.#hasEnded = true;
    };
  }

  /** The first syntax error in the text so far. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** The text is complete, and is valid JSON. */
  get hasEnded(): boolean {
    return this.#hasEnded && this.#error === undefined;
  }

  /** @returns The pages that end in this chunk. */
  write(chunk: Uint8Array): unknown[] {
    // Decoded first: the parser fails on a byte that is not UTF-8, and a single one must not lose the document.
    const text = this.#decoder.decode(chunk, { stream: true });
    if (!this.#hasStarted) this.#start(text.trimStart());
    if (this.#error === undefined && text !== '') this.#parser.write(text);
    return this.#pages.splice(0);
  }

  /** Only an object has pages, so nothing else needs to be parsed. */
  #start(text: string): void {
    if (text === '') return;
    this.#hasStarted = true;
    if (!text.startsWith('{')) this.#error = new Error('it is not a JSON object');
  }
}

const emptyResultSchema = z.object({ pages: z.array(z.unknown()).length(0) });

/** Whether a JSON text is a result whose `pages` array is empty. */
export function hasNoPages(json: Buffer): boolean {
  try {
    return emptyResultSchema.safeParse(JSON.parse(json.toString('utf8'))).success;
  } catch {
    return false;
  }
}
