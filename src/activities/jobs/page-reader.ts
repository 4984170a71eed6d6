import { JSONParser } from '@streamparser/json';
import { z } from 'zod';

/** Elements of the `pages` array of a JSON text, in order, as the text arrives. Memory is bounded by one element. */
export class PageReader {
  readonly #decoder = new TextDecoder();
  // Second-level values are removed from memory when they are complete, whether they are pages or not.
  readonly #parser = new JSONParser({ paths: ['$.*.*'], keepStack: false, stringBufferSize: 64 * 1024 });
  #found: unknown[] = [];
  #hasStarted = false;
  #hasEnded = false;
  #error: Error | undefined;

  constructor() {
    this.#parser.onValue = ({ value, key, stack }) => {
      if (typeof key === 'number' && stack[1]?.key === 'pages') this.#found.push(value);
    };
    // After an error the parser must not be written to.
    this.#parser.onError = (error) => {
      this.#error ??= error;
    };
    this.#parser.onEnd = () => {
      this.#hasEnded = true;
    };
  }

  /** What is wrong with the JSON text so far. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Whether the JSON text is complete. */
  get hasEnded(): boolean {
    return this.#hasEnded && this.#error === undefined;
  }

  /** @returns The pages that this chunk has completed. */
  write(chunk: Uint8Array): unknown[] {
    // As text: the parser refuses bytes that are no UTF-8, and one such byte should not cost the document.
    const text = this.#decoder.decode(chunk, { stream: true });
    if (!this.#hasStarted) this.#start(text.trimStart());
    if (this.#error === undefined && text !== '') this.#parser.write(text);
    return this.#found.splice(0);
  }

  /** Only an object has pages: other text would be parsed up to its first error for nothing. */
  #start(text: string): void {
    if (text === '') return;
    this.#hasStarted = true;
    if (!text.startsWith('{')) this.#error = new Error('it is not a JSON object');
  }
}

const emptyPages = z.object({ pages: z.array(z.unknown()).length(0) });

/** Whether a JSON text is a result without pages. */
export function isWithoutPages(json: Buffer): boolean {
  try {
    return emptyPages.safeParse(JSON.parse(json.toString('utf8'))).success;
  } catch {
    return false;
  }
}
