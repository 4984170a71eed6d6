import { HttpStatusError } from './errors/http-status-error.js';
import type { EndedRequest, LlamaCloudClientOptions } from './params.js';

/** Tells `onRequest` once how a request has ended. */
export function observeRequest(onRequest: LlamaCloudClientOptions['onRequest'], method: string, route: string) {
  const startedMs = performance.now();
  const end = (status: EndedRequest['status']) =>
    onRequest?.({ method, route, status, durationMs: performance.now() - startedMs });
  return {
    end,
    fail: (error: unknown, signal: AbortSignal | undefined) => {
      if (error instanceof HttpStatusError) end(error.status);
      else end(signal?.aborted ? 'aborted' : 'none');
    },
  };
}
