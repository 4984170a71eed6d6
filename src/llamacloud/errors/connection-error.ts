import { LlamaCloudError, type RequestInfo } from './llamacloud-error.js';

/** There was no complete response: DNS, a refused or reset connection, a timeout. The request may have taken effect. */
export class ConnectionError extends LlamaCloudError {
  override readonly name = 'ConnectionError';
  /** Whether a timeout expired: of this client or of the system. */
  readonly timedOut: boolean;

  constructor(message: string, request: RequestInfo, options: { cause: unknown; timedOut: boolean }) {
    super(message, request, { cause: options.cause });
    this.timedOut = options.timedOut;
  }
}
