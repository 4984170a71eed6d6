import { LlamaCloudError, type RequestInfo } from './llamacloud-error.js';

/** No whole answer came: DNS, a refused or reset connection, a timeout. Whether the request took effect is not known. */
export class ConnectionError extends LlamaCloudError {
  override readonly name = 'ConnectionError';
  /** Whether a timeout expired: this client's or one of the system's. */
  readonly timedOut: boolean;

  constructor(message: string, request: RequestInfo, options: { cause: unknown; timedOut: boolean }) {
    super(message, request, { cause: options.cause });
    this.timedOut = options.timedOut;
  }
}
