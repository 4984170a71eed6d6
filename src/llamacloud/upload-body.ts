import type { RequestInfo } from './errors/llamacloud-error.js';
import { UploadContentError } from './errors/upload-content-error.js';
import type { MultipartFrame } from './multipart.js';
import { type Redact, toCause } from './redact.js';

/** A larger chunk of the content is sent in pieces, so that a slow connection shows progress. */
const MAX_CHUNK_BYTES = 64 * 1024;

interface UploadBodyOptions {
  frame: MultipartFrame;
  content: ReadableStream<Uint8Array>;
  /** Size of the content. An upload of another size is aborted before its end. */
  sizeBytes: number;
  info: RequestInfo;
  redact: Redact;
  /** Called when the connection takes the next chunk. */
  onProgress: () => void;
}

/** The body of an upload. It reads the content only as fast as the connection takes it. */
export class UploadBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #options: UploadBodyOptions;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #readBytes = 0;
  #isReading = false;
  #problem: UploadContentError | undefined;

  constructor(options: UploadBodyOptions) {
    this.#options = options;
    this.#reader = options.content.getReader();
    let isHeadSent = false;
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          options.onProgress();
          const piece = isHeadSent ? await this.#nextPiece() : options.frame.head;
          isHeadSent = true;
          controller.enqueue(piece ?? options.frame.tail);
          if (piece === undefined) controller.close();
        },
        cancel: () => this.close(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Why the content can't be sent. `undefined` if it can, as far as it was read. */
  get problem(): UploadContentError | undefined {
    return this.#problem;
  }

  /** Tells that nothing happened for too long. It is a problem of the content if the content is what the request waits for. */
  noteTimeout(timeoutMs: number): void {
    if (this.#isReading) this.#problem ??= this.#toProblem(`nothing could be read of it for ${timeoutMs / 1_000} s`);
  }

  /** Releases the source of the content. */
  close(): void {
    this.#reader.cancel().catch(() => undefined);
  }

  /** The next piece of the content, or `undefined` at its end. */
  async #nextPiece(): Promise<Uint8Array | undefined> {
    while (this.#chunk.byteLength === 0) {
      const { done, value } = await this.#read();
      if (done) return undefined;
      this.#chunk = value;
    }
    const piece = this.#chunk.subarray(0, MAX_CHUNK_BYTES);
    this.#chunk = this.#chunk.subarray(MAX_CHUNK_BYTES);
    return piece;
  }

  async #read(): ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']> {
    const { sizeBytes, redact } = this.#options;
    this.#isReading = true;
    const result = await this.#reader.read().catch((error: unknown) => {
      const cause = toCause(error, redact);
      throw this.#fail(cause.message, { cause });
    });
    this.#isReading = false;
    this.#readBytes += result.value?.byteLength ?? 0;
    if (this.#readBytes > sizeBytes) throw this.#fail(`it has more than ${format(sizeBytes)} bytes`);
    if (result.done && this.#readBytes < sizeBytes) {
      throw this.#fail(`it ended after ${format(this.#readBytes)} of ${format(sizeBytes)} bytes`);
    }
    return result;
  }

  #fail(problem: string, options?: ErrorOptions): UploadContentError {
    this.#problem ??= this.#toProblem(problem, options);
    this.close();
    return this.#problem;
  }

  #toProblem(problem: string, options?: ErrorOptions): UploadContentError {
    return new UploadContentError(problem, this.#options.info, options);
  }
}

function format(bytes: number): string {
  return bytes.toLocaleString('en-US');
}
