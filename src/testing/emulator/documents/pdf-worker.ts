import { type ChildProcess, spawn } from 'node:child_process';
import { z } from 'zod';
import { DocumentError, type ParsedDocument } from './parsed.js';

// A string of plain JavaScript, so that it runs from the sources and from the built package. It sends only the fields that
// are used: receiving the parser's whole result blocks this process for up to a second.
const PROGRAM = `
  const load = async () => {
    const { LiteParse } = await import(process.argv[1]);
    return new LiteParse({
      ocrEnabled: false, outputFormat: 'markdown', keepHeadersFooters: true, maxPages: 100000, quiet: true,
    });
  };
  let parser;
  process.on('message', async (source) => {
    try {
      parser ??= await load();
      const { pages } = await parser.parse(typeof source === 'string' ? source : Buffer.from(source));
      process.send({ pages: pages.map(({ markdown, text, width, height }) => ({ markdown, text, width, height })) });
    } catch (error) {
      process.send({ error: String(error?.message ?? error) });
    }
  });
`;

const PARSE_TIMEOUT_MS = 5 * 60 * 1000;

const page = z.object({ markdown: z.string(), text: z.string(), width: z.number(), height: z.number() });
const parserMessage = z.union([z.object({ pages: z.array(page) }), z.object({ error: z.string() })]);

/** A child process that parses one PDF at a time, so that no document can crash or block the emulator. */
export class PdfWorker {
  readonly #process: ChildProcess;

  /** `library` is the URL of the parser's module. */
  constructor(library: string) {
    this.#process = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, library], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    // Without this listener a failure to start would crash the emulator; `parse` sees the exit.
    this.#process.on('error', () => this.#process.kill('SIGKILL'));
  }

  /** Whether it can take another document. */
  get isAlive(): boolean {
    return this.#process.connected && !this.#process.killed;
  }

  /** Parses a PDF given by path or content. Throws {@link DocumentError}. */
  async parse(source: string | Uint8Array): Promise<ParsedDocument> {
    const result = parserMessage.parse(await this.#request(source));
    if ('pages' in result) return result;
    throw new DocumentError(`the PDF can't be read: ${result.error.replace(/^PDF error: /, '')}`);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  async #request(source: string | Uint8Array): Promise<unknown> {
    const child = this.#process;
    return await new Promise((resolve, reject) => {
      const settle = (callback: () => void) => {
        clearTimeout(timer);
        child.removeAllListeners('message').removeAllListeners('exit');
        callback();
      };
      const fail = (reason: string) => settle(() => reject(new DocumentError(`the PDF can't be read: ${reason}`)));
      const timer = setTimeout(() => {
        this.kill();
        fail(`the parser took longer than ${PARSE_TIMEOUT_MS / 1000} s`);
      }, PARSE_TIMEOUT_MS);
      child.once('message', (message) => settle(() => resolve(message)));
      child.once('exit', () => fail('the parser process exited'));
      child.send(source, (error) => {
        if (error !== null) fail(error.message);
      });
    });
  }
}
