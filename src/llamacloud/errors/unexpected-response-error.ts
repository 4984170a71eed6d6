import { LlamaCloudError, type RequestInfo } from './llamacloud-error.js';

/** The body is not JSON, is too large, or does not fit the schema. Not an {@link HttpStatusError}: the status was fine. */
export class UnexpectedResponseError extends LlamaCloudError {
  override readonly name = 'UnexpectedResponseError';
  /** Where in the body it does not fit, such as `results[3].job_reference.id`; `(body)` where it is no JSON at all. */
  readonly path: string;

  constructor(path: string, problem: string, request: RequestInfo, options?: ErrorOptions) {
    super(`LlamaCloud's answer is not as documented at ${path}: ${problem}`, request, options);
    this.path = path;
  }
}
