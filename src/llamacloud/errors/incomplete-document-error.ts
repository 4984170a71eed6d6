import { LlamaCloudError, type RequestInfo } from './llamacloud-error.js';

/** A download ended, but it is not the complete document: it is too short, too long, empty or something else. */
export class IncompleteDocumentError extends LlamaCloudError {
  override readonly name = 'IncompleteDocumentError';

  /** @param problem Such as `5,000 of 10,000 bytes`. */
  constructor(problem: string, request: RequestInfo) {
    super(`the document is incomplete: ${problem}`, request);
  }
}
