import { LlamaCloudError, type RequestInfo } from './llamacloud-error.js';

/** The status was a success, but the body is not JSON, is too large or does not match the schema. */
export class UnexpectedResponseError extends LlamaCloudError {
  override readonly name = 'UnexpectedResponseError';
  /** Path in the body that does not match, such as `results[3].job_reference.id`. `(body)`: the body as a whole. */
  readonly path: string;

  constructor(path: string, problem: string, request: RequestInfo, options?: ErrorOptions) {
    super(`LlamaCloud's response is not as documented at ${path}: ${problem}`, request, options);
    this.path = path;
  }
}
