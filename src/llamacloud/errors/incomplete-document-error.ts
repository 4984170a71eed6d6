import { LlamaCloudError, type RequestInfo } from './llamacloud-error.js';

/** A download came to its end but is not the whole document: too short, too long, empty, or something else in its place. */
export class IncompleteDocumentError extends LlamaCloudError {
  override readonly name = 'IncompleteDocumentError';
  /** Bytes that were received. */
  readonly receivedBytes: number;
  /** Bytes that the document has, where that is known. */
  readonly expectedBytes: number | undefined;

  /** @param problem Such as `5,000 of 10,000 bytes`. */
  constructor(problem: string, request: RequestInfo, bytes: { received: number; expected: number | undefined }) {
    super(`the document is not whole: ${problem}`, request);
    this.receivedBytes = bytes.received;
    this.expectedBytes = bytes.expected;
  }
}
