import { LlamaCloudError, type RequestInfo } from './llamacloud-error.js';

/** LlamaCloud answered with a status of 400 or more. */
export class HttpStatusError extends LlamaCloudError {
  override readonly name = 'HttpStatusError';
  readonly status: number;
  /** The `detail` of the body in one line, or the start of the body where it has none. */
  readonly detail: string;
  /** Wait that `Retry-After` asks for, in milliseconds from the answer; not checked: may be negative or very long. */
  readonly retryAfterMs: number | undefined;

  constructor(answer: { status: number; detail: string; retryAfterMs: number | undefined }, request: RequestInfo) {
    super(`LlamaCloud answered ${answer.status}${answer.detail === '' ? '' : `: ${answer.detail}`}`, request);
    this.status = answer.status;
    this.detail = answer.detail;
    this.retryAfterMs = answer.retryAfterMs;
  }
}
