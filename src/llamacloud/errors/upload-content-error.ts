import { LlamaCloudError, type RequestInfo } from './llamacloud-error.js';

/**
 * The content of an upload could not be read to its end, or it does not have the size that was given, such as a file that changes while it
 * is read. The request was aborted before its end, so LlamaCloud has no such file.
 */
export class UploadContentError extends LlamaCloudError {
  override readonly name = 'UploadContentError';

  /** @param problem Such as `it ended after 5,000 of 10,000 bytes`. */
  constructor(problem: string, request: RequestInfo, options?: ErrorOptions) {
    super(`the content of the upload can not be sent: ${problem}`, request, options);
  }
}
