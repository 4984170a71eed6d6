import { ConnectionError } from './errors/connection-error.js';
import { HttpStatusError } from './errors/http-status-error.js';
import { UploadContentError } from './errors/upload-content-error.js';

/**
 * Whether an error of a call that creates something, such as `createBatch`, shows that nothing was created: the request did not reach
 * LlamaCloud, LlamaCloud rejected it with a 4xx other than 408, or the content of an upload could not be read to its end. A 408, a timeout, a reset connection, a 5xx and a body that is cut leave it open.
 */
export function isKnownNotCreated(error: unknown): boolean {
  if (error instanceof HttpStatusError) return error.status >= 400 && error.status < 500 && error.status !== 408;
  if (error instanceof UploadContentError) return true;
  return error instanceof ConnectionError && /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(error.message);
}
