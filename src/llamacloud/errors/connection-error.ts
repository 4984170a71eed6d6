import { LlamaCloudError } from './llamacloud-error.js';

/** There was no complete response: DNS, a refused or reset connection, a timeout. The request may have taken effect. */
export class ConnectionError extends LlamaCloudError {
  override readonly name = 'ConnectionError';
}
