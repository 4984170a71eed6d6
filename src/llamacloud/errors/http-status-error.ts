import { LlamaCloudError, type RequestInfo } from './llamacloud-error.js';

/** LlamaCloud returned with a status of 400 or more. */
export class HttpStatusError extends LlamaCloudError {
  override readonly name = 'HttpStatusError';
  readonly status: number;
  /** The `detail` of the body in one line, or the start of the body if it has none. */
  readonly detail: string;
  /** Delay of `Retry-After`, in milliseconds. Not checked: it may be negative or very long. */
  readonly retryAfterMs: number | undefined;

  constructor(response: { status: number; detail: string; retryAfterMs: number | undefined }, request: RequestInfo) {
    super(`LlamaCloud returned ${response.status}${response.detail === '' ? '' : `: ${response.detail}`}`, request);
    this.status = response.status;
    this.detail = response.detail;
    this.retryAfterMs = response.retryAfterMs;
  }
}
